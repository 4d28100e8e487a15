import { shown } from './shown.ts'

/**
 * Every error this package makes is a `WallarxError` with a stable `code`. The code's kind says what happens to it
 * under `run` (design: bad input becomes a dead letter, user code stops the run or is skipped, misuse throws where it
 * is built, environment stops the run).
 */
const kinds = {
  FRAME_TOO_LONG: 'bad input',
  FRAME_CUT_OFF: 'bad input',
  FRAME_HEADER_INVALID: 'bad input',
  DECODE_FAILED: 'bad input',
  KEY_NOT_IN_PARTITION: 'bad input',
  TIME_INVALID: 'bad input',
  MESSAGE_LATE: 'bad input',
  CONNECTION_FAILED: 'bad input',
  CONNECTION_IDLE: 'bad input',
  CONNECTION_LIMIT: 'bad input',
  STREAM_CHANGED: 'bad input',
  STREAM_GAP: 'bad input',
  STREAM_REPLAY_DIFFERS: 'bad input',
  PEER_NOT_UNDERSTOOD: 'bad input',
  COMPUTATION_FAILED: 'user code',
  RESULT_INVALID: 'user code',
  KEY_FUNCTION_FAILED: 'user code',
  KEY_INVALID: 'user code',
  BUILD_FAILED: 'user code',
  TIMER_FAILED: 'user code',
  TIMER_LOOP: 'user code',
  ENCODE_FAILED: 'user code',
  LAW_BROKEN: 'user code',
  STATE_NOT_SERIALIZABLE: 'user code',
  MESSAGE_NOT_SERIALIZABLE: 'user code',
  STORE_KEY_EMPTY: 'user code',
  STORE_KEY_TOO_LONG: 'user code',
  OPTION_INVALID: 'misuse',
  ADDRESS_INVALID: 'misuse',
  STATE_PARTITION_DUPLICATE: 'misuse',
  STATE_PARTITION_IN_USE: 'misuse',
  STATE_PARTITION_WITHOUT_KEY: 'misuse',
  NAME_DUPLICATE: 'misuse',
  STATE_VERSION: 'misuse',
  WINDOW_CHANGED: 'misuse',
  STORE_IN_USE: 'misuse',
  STORE_FROM_NEWER_VERSION: 'misuse',
  STORE_CLOSED: 'misuse',
  STORE_READ_ONLY: 'misuse',
  STORE_FAILED: 'environment',
  GUARANTEE_IMPOSSIBLE: 'misuse',
  ACKNOWLEDGED_NEEDS_STORE: 'misuse',
  PACKAGE_MISSING: 'misuse',
  CLUSTER_CLIENT_MISSING: 'misuse',
  CLUSTER_PROGRAMS_DIFFER: 'misuse',
  CLUSTER_SHARDS_CHANGED: 'misuse',
  CLUSTER_PACK_INVALID: 'environment',
  CLUSTER_COMMIT_TIMEOUT: 'environment',
  KAFKA_TOPIC_MISSING: 'misuse',
  KAFKA_MESSAGE_TOO_LARGE: 'bad input',
  KAFKA_OFFSET_GONE: 'misuse',
  KAFKA_UNREACHABLE: 'environment',
  KAFKA_DENIED: 'misuse',
  KAFKA_FAILED: 'environment',
  KAFKA_TRANSACTION_HANGS: 'environment',
  LISTEN_FAILED: 'environment',
  SOURCE_FAILED: 'environment',
  SOURCE_CHANGED: 'environment',
  ARCHIVE_DAMAGED: 'environment',
  SINK_FAILED: 'environment',
  SINK_CHANGED: 'environment',
  STREAM_TAKEN_OVER: 'environment',
  STREAM_AHEAD: 'environment',
  RECEIVER_CHANGED: 'environment',
  BUFFER_OVERFLOW: 'environment',
  DRAIN_TIMEOUT: 'environment',
  CHECKPOINT_FAILED: 'environment',
  STATE_CORRUPT: 'environment',
  JOURNAL_FAILED: 'environment',
  JOURNAL_DAMAGED: 'environment',
  JOURNAL_CHANGED: 'environment',
  JOURNAL_POSITION_GONE: 'environment',
} as const

/**
 * What went wrong, stable from one version to the next.
 *
 * @useDeclaredType
 */
export type ErrorCode = keyof typeof kinds
/**
 * What happens to an error under `run`: bad input becomes a dead letter, user code stops the run or is skipped, misuse
 * throws where it is built, environment stops the run.
 *
 * @useDeclaredType
 */
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
  /** Where inside a state or a message, which is `$`: `$.orders[3].total`. */
  readonly path?: string | undefined
  /** Of a text, from 1 on: `12`, or `12 after byte 4711` where reading went on there. */
  readonly line?: string | undefined
  /** The function of `wallarx/testing` that states it. */
  readonly law?: string | undefined
}

/** What an error says. */
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

/** Where V8 has how many calls an error remembers. Frozen where the program has frozen it: then nothing is spared. */
const stackTrace = (Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true ? Error : {}) as {
  stackTraceLimit?: number | undefined
}

/**
 * An error that says what was expected, where, and what was found.
 *
 * Bad input has no stack: it comes at full speed, and where it happened is in `where` and `cause`; to remember the
 * calls takes longer than all else.
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
    const kind = kinds[code]
    const message = `expected ${expected}, got ${got}${placed(where)}`
    const limit = stackTrace.stackTraceLimit
    if (kind === 'bad input') stackTrace.stackTraceLimit = 0
    super(report === undefined ? message : `${message}\n\n${report}`, cause === undefined ? undefined : { cause })
    stackTrace.stackTraceLimit = limit
    this.code = code
    this.kind = kind
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
  let places = ''
  for (const kind in where) {
    const place = where[kind as keyof Where]
    if (place !== undefined) places += `${places === '' ? ' (' : ', '}${kind}: ${String(place)}`
  }
  return places === '' ? '' : `${places})`
}
