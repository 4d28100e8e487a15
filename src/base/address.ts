import { WallarxError } from './errors.ts'
import { shown } from './shown.ts'

/** A TCP address: `'HOST:PORT'`, `'[IPV6]:PORT'`, or the two apart. */
export type Address = string | { readonly host: string; readonly port: number }

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** Throws `ADDRESS_INVALID`. */
export function parseAddress(address: Address): HostAndPort {
  if (typeof address === 'object') return checked(address.host, address.port, address)
  const parts = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address)
  if (parts === null) throw invalid(address)
  return checked(parts[1] ?? parts[2]!, Number(parts[3]), address)
}

export function formatAddress({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether an address is one of this machine alone; a name is none. */
export function isLoopback(host: string): boolean {
  return /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(host) || host === '::1'
}

function checked(host: unknown, port: unknown, address: unknown): HostAndPort {
  if (typeof host !== 'string' || host === '' || !Number.isInteger(port)) throw invalid(address)
  if ((port as number) < 0 || (port as number) > 65535) throw invalid(address)
  return { host, port: port as number }
}

function invalid(address: unknown): WallarxError {
  return new WallarxError('ADDRESS_INVALID', {
    expected: 'an address HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:7010',
    got: shown(address),
  })
}
