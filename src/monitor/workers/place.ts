import { hostname, networkInterfaces } from 'node:os'
import { formatAddress, isLoopback } from '../../base/address.ts'
import type { MonitorSettings } from '../http/options.ts'

/** Where other workers find a port. */
export interface PortPlace {
  /** Its URL: `http://10.0.0.7:4700/`. */
  readonly address: string
  /** The machine whose processes alone can reach it. Default: others can */
  readonly machine?: string
}

/** Of a port that listens, at this number. */
export function placeOf({ address, announce }: MonitorSettings, port: number): PortPlace {
  const host = announce?.host ?? (isEvery(address.host) ? ownAddress() : address.host)
  const number = announce === undefined || announce.port === 0 ? port : announce.port
  const url = `http://${formatAddress({ host, port: number })}/`
  return { address: url, ...((host === 'localhost' || isLoopback(host)) && { machine: hostname() }) }
}

/** Of who listens at all addresses. */
export const isEvery = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** The first address of this machine that is not its own alone: what asks by an address is refused nowhere. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const reachable = all.filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address))
  return (reachable.find(({ family }) => family === 'IPv4') ?? reachable[0])?.address ?? hostname()
}
