/**
 * Every error this package makes is a `WallarxError` with a stable `code`. The code's kind says what happens to it under
 * `run` (design: bad input becomes a dead letter, user code stops the run or is skipped, misuse throws where it is built,
 * environment stops the run).
 */
const kinds = {
  FRAME_TOO_LONG: 'bad input',
  FRAME_CUT_OFF: 'bad input',
  FRAME_HEADER_INVALID: 'bad input',
  DECODE_FAILED: 'bad input',
  KEY_NOT_IN_PARTITION: 'bad input',
  CONNECTION_FAILED: 'bad input',
  CONNECTION_IDLE: 'bad input',
  CONNECTION_LIMIT: 'bad input',
  COMPUTATION_FAILED: 'user code',
  RESULT_INVALID: 'user code',
  KEY_FUNCTION_FAILED: 'user code',
  KEY_INVALID: 'user code',
  BUILD_FAILED: 'user code',
  ENCODE_FAILED: 'user code',
  LAW_BROKEN: 'user code',
  STATE_NOT_SERIALIZABLE: 'user code',
  STORE_KEY_EMPTY: 'user code',
  STORE_KEY_TOO_LONG: 'user code',
  OPTION_INVALID: 'misuse',
  ADDRESS_INVALID: 'misuse',
  STATE_PARTITION_DUPLICATE: 'misuse',
  STATE_PARTITION_IN_USE: 'misuse',
  STATE_PARTITION_WITHOUT_KEY: 'misuse',
  NAME_DUPLICATE: 'misuse',
  STATE_VERSION: 'misuse',
  STORE_IN_USE: 'misuse',
  STORE_FROM_NEWER_VERSION: 'misuse',
  STORE_CLOSED: 'misuse',
  STORE_READ_ONLY: 'misuse',
  STORE_FAILED: 'environment',
  GUARANTEE_IMPOSSIBLE: 'misuse',
  LISTEN_FAILED: 'environment',
  SOURCE_FAILED: 'environment',
  SINK_FAILED: 'environment',
  BUFFER_OVERFLOW: 'environment',
  DRAIN_TIMEOUT: 'environment',
  CHECKPOINT_FAILED: 'environment',
  STATE_CORRUPT: 'environment',
  JOURNAL_FAILED: 'environment',
  JOURNAL_DAMAGED: 'environment',
  JOURNAL_POSITION_GONE: 'environment',
} as const

export type ErrorCode = keyof typeof kinds
export type ErrorKind = (typeof kinds)[ErrorCode]

/** Where an error happened; what does not apply is absent. */
export interface Where {
  readonly pipeline?: string | undefined
  readonly step?: string | undefined
  readonly source?: string | undefined
  readonly sink?: string | undefined
  readonly store?: string | undefined
  readonly connection?: string | undefined
  readonly partition?: string | undefined
  readonly key?: bigint | number | undefined
  /** Where inside a state, which is `$`: `$.orders[3].total`. */
  readonly path?: string | undefined
  /** The function of `wallarx/testing` that states it. */
  readonly law?: string | undefined
}

export interface ErrorDetails {
  /** What would have been right, as a noun phrase: `a frame of at most 1048576 bytes`. */
  readonly expected: string
  /** What was found instead. */
  readonly got: string
  readonly where?: Where
  readonly cause?: unknown
  /** Paragraphs that follow the message, for an error that is read by who writes a test. */
  readonly report?: string | undefined
}

/**
 * An error that says what was expected, where, and what was found.
 *
 * @example
 * ```ts
 * import { WallarxError } from 'wallarx'
 *
 * const error = new WallarxError('FRAME_TOO_LONG', {
 *   expected: 'a frame of at most 4 bytes',
 *   got: 'a header that announces 5',
 *   where: { step: 'frame' },
 * })
 * assert.equal(error.kind, 'bad input')
 * assert.equal(error.message, 'expected a frame of at most 4 bytes, got a header that announces 5 (step: frame)')
 * ```
 */
export class WallarxError extends Error {
  override readonly name = 'WallarxError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly expected: string
  readonly got: string
  readonly where: Where
  readonly #report: string | undefined

  constructor(code: ErrorCode, { expected, got, where = {}, cause, report }: ErrorDetails) {
    const message = `expected ${expected}, got ${got}${placed(where)}`
    super(report === undefined ? message : `${message}\n\n${report}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = kinds[code]
    this.expected = expected
    this.got = got
    this.where = where
    this.#report = report
  }

  /** The same error with more of where it happened. */
  at(where: Where): WallarxError {
    return new WallarxError(this.code, {
      expected: this.expected,
      got: this.got,
      where: { ...where, ...this.where },
      cause: this.cause,
      report: this.#report,
    })
  }
}

/** What user code threw as an error with a code; an error that has one already only learns where it was. */
export function failureOf(code: ErrorCode, expected: string, thrown: unknown, where: Where): WallarxError {
  if (thrown instanceof WallarxError) return thrown.at(where)
  return new WallarxError(code, { expected, got: shown(thrown), where, cause: thrown })
}

function placed(where: Where): string {
  const places = Object.entries(where).filter(([, place]) => place !== undefined)
  return places.length === 0 ? '' : ` (${places.map(([kind, place]) => `${kind}: ${String(place)}`).join(', ')})`
}

/** A value as it may stand in an error message: short, on one line, never throwing. */
export function shown(value: unknown): string {
  try {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'string') return JSON.stringify(cut(value))
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`)
    if (value instanceof Uint8Array) {
      const start = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 16)).toString('hex')
      return `${value.length} bytes <${start}${value.length > 16 ? '…' : ''}>`
    }
    if (Array.isArray(value)) return `an array of ${value.length}`
    if (typeof value === 'function') return `a function ${value.name}`.trim()
    if (typeof value === 'object' && value !== null) return `an object ${cut(JSON.stringify(value))}`
    return String(value)
  } catch {
    return `a ${typeof value}`
  }
}

const longestShown = 120
const cut = (text: string): string => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)

/** `OPTION_INVALID`, thrown where something is built from a wrong option. */
export function invalidOption(option: string, expected: string, got: unknown, where?: Where): WallarxError {
  return new WallarxError('OPTION_INVALID', {
    expected: `${option} to be ${expected}`,
    got: shown(got),
    ...(where && { where }),
  })
}

/** Checks an option that is a whole number of at least `least`; returns it. */
export function wholeNumber(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw invalidOption(option, `a whole number from ${least}`, value)
  return value
}

/** The longest time a timer takes, in milliseconds, some 24 days; one that is set for longer fires at once. */
export const longestTimer = 2 ** 31 - 1

/** Checks an option that is a time to wait, in whole milliseconds; returns it. */
export function timerLength(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > longestTimer) {
    throw invalidOption(option, `whole milliseconds from 0 to ${longestTimer}`, value)
  }
  return value
}
