import { formatAddress, isLoopback, parseAddress, type Address, type HostAndPort } from '../../base/address.ts'
import { checkToken } from '../../network/bearerToken.ts'
import { invalidOption, knownOptions, type OptionNames } from '../../base/option.ts'

/** How a run shows itself, over HTTP. */
export interface MonitorOptions {
  /**
   * Where to listen: a port of this machine alone (127.0.0.1), or an address. Port 0 lets the system choose one, see
   * `Running.monitor`. On an address that others can reach it needs a `token`.
   */
  readonly listen: number | Address
  /**
   * Who asks has to know it, 16 to 256 characters of ASCII without spaces: `Authorization: Bearer TOKEN`. What goes
   * over the wire is not encrypted. Default: none, everybody on this machine may ask
   */
  readonly token?: string
  /**
   * Names by which browsers and others may ask, besides `localhost`, the name of this machine and addresses: who asks
   * by another one is refused, since any page of the web can make a name of its own point here. Default: none
   */
  readonly hosts?: readonly string[]
  /**
   * On a cluster: where other workers reach this port, whose number is that of the port where it is 0. Default: where
   * it listens; on all addresses, the first one of this machine that others can reach
   */
  readonly announce?: Address
}

/** Where the port listens, and who may ask. */
export interface MonitorSettings {
  readonly address: HostAndPort
  readonly token: string | undefined
  readonly hosts: readonly string[]
  /** Default: where it listens */
  readonly announce?: HostAndPort | undefined
}

const known: OptionNames<MonitorOptions> = { listen: true, token: true, hosts: true, announce: true }

/** Throws `OPTION_INVALID` and `ADDRESS_INVALID`. */
export function checkMonitor(options: MonitorOptions): MonitorSettings {
  const { listen, token, hosts = [], announce } = knownOptions('monitor', options, known)
  if (typeof listen !== 'number' && typeof listen !== 'string' && (typeof listen !== 'object' || listen === null)) {
    throw invalidOption('monitor.listen', "a port, 'HOST:PORT' or { host, port }", listen)
  }
  const address = parseAddress(typeof listen === 'number' ? { host: '127.0.0.1', port: listen } : listen)
  if (token !== undefined) checkToken('monitor.token', token)
  if (!Array.isArray(hosts) || hosts.some((host) => typeof host !== 'string' || !/^[^\s:/[\]]+$/.test(host))) {
    throw invalidOption('monitor.hosts', 'an array of names of hosts, without ports', hosts)
  }
  if (announce !== undefined && typeof announce !== 'string' && (typeof announce !== 'object' || announce === null)) {
    throw invalidOption('monitor.announce', "'HOST:PORT' or { host, port }", announce)
  }
  if (token === undefined && address.host !== 'localhost' && !isLoopback(address.host)) throw tokenMissing(address)
  return {
    address,
    token,
    hosts: (hosts as readonly string[]).map((host) => host.toLowerCase()),
    announce: announce === undefined ? undefined : parseAddress(announce),
  }
}

export const tokenMissing = (address: HostAndPort): Error =>
  invalidOption('monitor.token', `given, because others can reach ${formatAddress(address)}`, undefined)
