import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { createTokenCheck } from '../../network/bearerToken.ts'
import { RequestFailure } from './failure.ts'
import type { MonitorSettings } from './options.ts'

/** Who may ask. */
export interface Guard {
  /** Throws `HOST_REFUSED` and `ORIGIN_REFUSED`: a page of the web asks, through the browser of somebody here. */
  checkPage(headers: IncomingHttpHeaders): void
  /** Throws `TOKEN_INVALID`. */
  checkToken(headers: IncomingHttpHeaders): void
}

export function createGuard({ address, token, hosts, announce }: MonitorSettings): Guard {
  const names = new Set(['localhost', hostname().toLowerCase(), address.host.toLowerCase(), ...hosts])
  if (announce !== undefined) names.add(announce.host.toLowerCase())
  const knows = token === undefined ? () => true : createTokenCheck(token)

  const isOurs = (name: string): boolean =>
    isIP(name.replace(/^\[|\]$/g, '')) > 0 || names.has(name) || name.endsWith('.localhost')

  return {
    checkPage(headers) {
      const host = headers.host ?? ''
      const name = hostNameOf(host)
      if (name === undefined || !isOurs(name)) {
        throw new RequestFailure(
          'HOST_REFUSED',
          'asked by a name that is not one of this port: use its address, or list the name in monitor.hosts',
        )
      }
      const { origin } = headers
      // What has no origin is asked for as an image, a script or a frame: a browser says then what asks.
      const isForeign =
        origin === undefined
          ? isForeignSite(headers)
          : origin.toLowerCase().replace(/^https?:\/\//, '') !== host.toLowerCase()
      if (isForeign) throw new RequestFailure('ORIGIN_REFUSED', 'asked by a page of another origin')
    },
    checkToken({ authorization }) {
      if (knows(authorization)) return
      throw new RequestFailure('TOKEN_INVALID', 'needs Authorization: Bearer and the token of option monitor.token')
    },
  }
}

/** Of a Host header, in lower case; `undefined` where it is none. */
function hostNameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(:\d{1,5})?$/.exec(host.toLowerCase())?.[1]?.replace(/(?<=.)\.$/, '')
}

/** A link that is followed shows what it leads to to nobody but who follows it. */
function isForeignSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'] ?? 'none'
  if (site === 'none' || site === 'same-origin') return false
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document'
}
