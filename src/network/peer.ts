import type { Socket } from 'node:net'
import { formatAddress } from '../base/address.ts'

/**
 * The address of the other side, while there is one: `HOST:PORT`, as errors and log lines say it. Who keeps it longer
 * than the connection asks at its beginning.
 */
export function peerOf(socket: Socket): string | undefined {
  const { remoteAddress: host, remotePort: port } = socket
  if (host === undefined || port === undefined) return undefined
  return formatAddress({ host, port })
}
