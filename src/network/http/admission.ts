import type { IncomingMessage } from 'node:http'
import { formatAddress, isLoopback, type HostAndPort } from '../../base/address.ts'
import { checkToken, createTokenCheck } from '../bearerToken.ts'
import { invalidOption } from '../../base/option.ts'
import type { Refusal } from './refusal.ts'

/** Who may come in. */
export interface AdmissionOptions {
  /** The path of the address, such as `/readings`: exactly this, with any query. Default: `/` */
  readonly path?: string
  /**
   * Who comes has to know it, 16 to 256 characters of ASCII without spaces: `Authorization: Bearer TOKEN`. An address
   * that others can reach needs one, or TLS with `requestCert: true`, or `false`: everybody may. Default: none on an
   * address of this machine alone
   */
  readonly token?: string | false
  /**
   * Pages of which origins may come, such as `https://shop.example`, or `'*'` for all; a browser says whose page it is,
   * and without this any page of the web could come through the browser of somebody here. Who says no origin, as curl,
   * is none of them. Default: none
   */
  readonly origins?: readonly string[]
}

/** The names of these options. */
export const admissionOptions = { path: true, token: true, origins: true } as const

/** Who may come in, once it is checked. */
export interface Admission {
  readonly path: string
  /** Why this request is not for here, or may not come in. */
  refusalOf(request: IncomingMessage): Refusal | undefined
  /** The origin that this request says and that may come. */
  originOf(request: IncomingMessage): string | undefined
}

/** Throws `OPTION_INVALID`. `certified`: who comes has shown a certificate. */
export function createAdmission(options: AdmissionOptions, address: HostAndPort, certified: boolean): Admission {
  const { path = '/', token, origins = [] } = options
  if (typeof path !== 'string' || !/^\/[^?#\s]*$/.test(path)) {
    throw invalidOption('path', 'the path of an address, such as /readings, without a query', path)
  }
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    throw invalidOption('origins', "an array of origins, such as https://shop.example, or of '*'", origins)
  }
  if (token !== undefined && token !== false) checkToken('token', token)
  if (token === undefined && !certified && address.host !== 'localhost' && !isLoopback(address.host)) {
    throw invalidOption('token', `given, or false, because others can reach ${formatAddress(address)}`, undefined)
  }
  const knows = typeof token === 'string' ? createTokenCheck(token) : undefined
  const mayCome = (origin: string): boolean => origins.includes('*') || origins.includes(origin)

  return {
    path,
    refusalOf(request) {
      const { origin, authorization } = request.headers
      if (pathOf(request.url ?? '') !== path) {
        return { code: 'PATH_UNKNOWN', message: `there is nothing but ${path}` }
      }
      if (origin !== undefined && !mayCome(origin)) {
        return { code: 'ORIGIN_REFUSED', message: 'asked by a page of an origin that is not in option origins' }
      }
      // A browser asks whether it may without saying what it knows.
      if (request.method === 'OPTIONS' || knows === undefined || knows(authorization)) return undefined
      return { code: 'TOKEN_INVALID', message: 'needs Authorization: Bearer and the token of option token' }
    },
    originOf: ({ headers: { origin } }) => (origin !== undefined && mayCome(origin) ? origin : undefined),
  }
}

function isOrigin(origin: unknown): boolean {
  if (origin === '*' || origin === 'null') return true
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin
}

/** Of the address in a request, which may be whole. */
function pathOf(url: string): string {
  const whole = url.startsWith('/') ? undefined : /^https?:\/\/[^/?]*(.*)$/i.exec(url)?.[1]
  const path = (whole ?? url).split('?', 1)[0]!
  return path === '' ? '/' : path
}
