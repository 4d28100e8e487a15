import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'

export const notInPartition = (partition: string, key: bigint, keys: number): WallarxError =>
  new WallarxError('KEY_NOT_IN_PARTITION', {
    expected: `one of the ${keys} keys of the state partition`,
    got: shown(key),
    where: { partition, key },
  })

export const buildFailed = (partition: string, key: bigint, cause: unknown): WallarxError =>
  new WallarxError('BUILD_FAILED', {
    expected: 'build to make the state of a new entity',
    got: shown(cause),
    where: { partition, key },
    cause,
  })
