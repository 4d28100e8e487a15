import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { formatAddress, parseAddress, type Address, type HostAndPort } from '../../base/address.ts'
import { wholeNumber } from '../../base/option.ts'
import { admissionOptions, createAdmission, type Admission, type AdmissionOptions } from './admission.ts'

/** Where to listen for HTTP, and how many may come. */
export interface HttpListenOptions extends AdmissionOptions {
  /** Where to listen; port 0 lets the system choose one, see `onListening`. */
  readonly listen: Address
  /** Connections beyond this number are closed at once and reported (`CONNECTION_LIMIT`). Default: 1,024 */
  readonly maxConnections?: number
  /** HTTPS with these options; with `requestCert: true` and `ca`, clients must show a certificate. Default: HTTP */
  readonly tls?: TlsOptions
  /** Default: its kind and address */
  readonly name?: string
  /** Called once the server listens, with the address it got. */
  readonly onListening?: (address: AddressInfo) => void
}

/** The names of these options. */
export const httpListenOptions = {
  ...admissionOptions,
  listen: true,
  maxConnections: true,
  tls: true,
  name: true,
  onListening: true,
} as const

/** What is listened for, once it is checked. */
export interface ListenSettings {
  readonly name: string
  readonly address: HostAndPort
  readonly admission: Admission
  readonly maxConnections: number
  readonly tls: TlsOptions | undefined
  readonly onListening: ((address: AddressInfo) => void) | undefined
}

/** Throws `ADDRESS_INVALID` and `OPTION_INVALID`. `kind` begins the default name. */
export function checkListen(kind: string, options: HttpListenOptions): ListenSettings {
  const address = parseAddress(options.listen)
  const { tls, maxConnections = 1024, onListening } = options
  const admission = createAdmission(options, address, tls?.requestCert === true && tls.rejectUnauthorized !== false)
  const path = admission.path === '/' ? '' : admission.path
  const { name = `${kind} ${formatAddress(address)}${path}` } = options
  return {
    name,
    address,
    admission,
    tls,
    onListening,
    maxConnections: wholeNumber('maxConnections', maxConnections, 1),
  }
}
