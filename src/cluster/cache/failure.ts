import { WallarxError, type ErrorCode } from '../../base/errors.ts'

/** What a new directory cures. */
const curable = new Set<ErrorCode>(['STORE_FAILED', 'STORE_FROM_NEWER_VERSION', 'STATE_CORRUPT'])

/** What the store of a cache has failed with, as those see it who run a worker. */
export function cacheFailure(error: unknown): unknown {
  if (!(error instanceof WallarxError) || !curable.has(error.code)) return error
  return new WallarxError(error.code, {
    expected: error.expected,
    got: `${error.got}; it is a cache: the state is whole on the cluster, and the directory may be deleted`,
    where: error.where,
    cause: error.cause,
  })
}

/** Whether it is one of a store, which a worker that begins anew would meet again. */
export const isStoreFailure = (error: unknown): boolean =>
  error instanceof WallarxError && (error.code.startsWith('STORE_') || error.code === 'STATE_CORRUPT')
