import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { formatAddress, parseAddress, type Address, type HostAndPort } from '../../base/address.ts'
import { invalidOption, knownOptions, timerLength, wholeNumber, type OptionNames } from '../../base/option.ts'
import { checkFraming } from '../../framing/framer.ts'
import type { Framing } from '../../framing/framing.ts'
import { admissionOptions, createAdmission, type Admission, type AdmissionOptions } from './admission.ts'

/** Where a source listens for HTTP, and how many may come. */
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

/** Where `httpSource` listens, and what it takes. */
export interface HttpSourceOptions extends HttpListenOptions {
  /** How a body is cut into frames. Default: a body is a frame, as it is */
  readonly framing?: Framing
  /** With a framing: the longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
  /** The longest body accepted, in bytes; it is kept until it is whole. Default: 1 MiB */
  readonly maxBodyLength?: number
  /**
   * Bytes of all bodies that are arriving or wait; who sends more is answered 503. Default: 64 MiB, or `maxBodyLength`
   * where that is more
   */
  readonly maxBuffered?: number
  /** The media types that are taken, such as `application/json`, without parameters. Default: any, or none said */
  readonly contentTypes?: readonly string[]
  /** Milliseconds in which a request must have arrived. Default: 30,000 */
  readonly requestTimeout?: number
  /**
   * Milliseconds for which a request waits while the pipeline is held, as by a checkpoint, before it is answered 503. A
   * hold that has lasted for so long is not waited for at all; 0: none is. Default: 1,000
   */
  readonly holdTimeout?: number
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

const known: OptionNames<HttpSourceOptions> = {
  ...httpListenOptions,
  framing: true,
  maxFrameLength: true,
  maxBodyLength: true,
  maxBuffered: true,
  contentTypes: true,
  requestTimeout: true,
  holdTimeout: true,
}

/** What is listened for, once it is checked. */
export interface ListenSettings {
  readonly name: string
  readonly address: HostAndPort
  readonly admission: Admission
  readonly maxConnections: number
  readonly tls: TlsOptions | undefined
  readonly onListening: ((address: AddressInfo) => void) | undefined
}

export interface HttpSourceSettings extends ListenSettings {
  readonly framing: Framing | undefined
  readonly maxFrameLength: number | undefined
  readonly maxBodyLength: number
  readonly maxBuffered: number
  /** In lower case; absent: any. */
  readonly contentTypes: ReadonlySet<string> | undefined
  readonly requestTimeout: number
  readonly holdTimeout: number
}

const MiB = 1024 * 1024

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

/** Throws `ADDRESS_INVALID` and `OPTION_INVALID`. */
export function checkHttpSource(options: HttpSourceOptions): HttpSourceSettings {
  knownOptions('httpSource', options, known)
  const { framing, maxFrameLength, maxBodyLength = MiB, contentTypes, requestTimeout = 30_000 } = options
  const { maxBuffered = Math.max(64 * MiB, maxBodyLength), holdTimeout = 1000 } = options
  if (framing !== undefined) checkFraming(framing, maxFrameLength)
  else if (maxFrameLength !== undefined) {
    throw invalidOption('maxFrameLength', 'absent where no framing is given: use maxBodyLength', maxFrameLength)
  }
  wholeNumber('maxBodyLength', maxBodyLength, 0)
  wholeNumber('maxBuffered', maxBuffered, maxBodyLength)
  timerLength('holdTimeout', holdTimeout)
  if (timerLength('requestTimeout', requestTimeout) === 0) {
    throw invalidOption('requestTimeout', 'at least 1 millisecond', requestTimeout)
  }
  if (contentTypes !== undefined && (!Array.isArray(contentTypes) || !contentTypes.every(isMediaType))) {
    throw invalidOption('contentTypes', 'an array of media types such as application/json', contentTypes)
  }
  return {
    ...checkListen('http', options),
    framing,
    maxFrameLength,
    maxBodyLength,
    maxBuffered,
    contentTypes: contentTypes && new Set(Array.from(contentTypes, (type: string) => type.toLowerCase())),
    requestTimeout,
    holdTimeout,
  }
}

const isMediaType = (type: unknown): boolean => typeof type === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(type)
