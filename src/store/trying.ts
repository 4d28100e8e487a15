import { shown, WallarxError, type Where } from '../errors.ts'

/** What `action` gives; what it throws as a `STORE_FAILED`, unless it has a code already. */
export async function trying<T>(expected: string, where: Where, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof WallarxError) throw cause
    throw new WallarxError('STORE_FAILED', { expected, got: shown(cause), where, cause })
  }
}
