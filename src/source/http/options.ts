import { invalidOption, knownOptions, timerLength, wholeNumber, type OptionNames } from '../../base/option.ts'
import { checkFraming } from '../../framing/framer.ts'
import type { Framing } from '../../framing/framing.ts'
import {
  checkListen,
  httpListenOptions,
  type HttpListenOptions,
  type ListenSettings,
} from '../../network/http/listening.ts'

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
