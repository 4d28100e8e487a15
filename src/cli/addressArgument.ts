import { parseAddress, type HostAndPort } from '../address.ts'
import { WallarxError } from '../errors.ts'
import { UsageError } from './usageError.ts'

/** The address a command is called with. Throws `UsageError`. */
export function addressArgument(text: string | undefined): HostAndPort {
  if (text === undefined) throw new UsageError('HOST:PORT is missing, such as 127.0.0.1:7010')
  try {
    return parseAddress(text)
  } catch (error) {
    if (!(error instanceof WallarxError)) throw error
    throw new UsageError(`expected ${error.expected}, got ${error.got}`)
  }
}
