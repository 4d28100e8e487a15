import { WallarxError } from './errors.ts'
import type { EventCode } from './eventCode.ts'
import { shown } from './shown.ts'

/** Takes one event, a line without a newline. console has this form. */
export interface Log {
  /** The run goes on as it should. */
  info(event: string): void
  /** Something one should know, such as a dead letter; the run goes on. */
  warn(event: string): void
  /** Something of the program's own has failed, such as what takes the dead letters. */
  error(event: string): void
}

/** What is known of an event besides its message: where it happened, as far as that applies. */
export interface LogFields {
  /** Stable from one version to the next: an `ErrorCode`, or one of those in the guide Telemetry. */
  readonly code: string
  /** The `name` of the run. */
  readonly application: string
  /** The error that led to it, with its cause. */
  readonly err?: unknown
  readonly [field: string]: unknown
}

/**
 * Takes events as data: pino and bunyan have this form, and console too. What it throws is ignored, because no run is
 * to end for it.
 */
export interface Logger {
  /** As `warn` of `Log`. */
  warn(fields: LogFields, message: string): void
  /** As `error` of `Log`; and what the run has failed with. */
  error(fields: LogFields, message: string): void
}

/** What a part of a run tells: a line, and what it is for whoever reads lines with a machine. A `Log` is one. */
export interface EventLog {
  info(event: string): void
  warn(event: string, code: EventCode | (string & {}), details?: Readonly<Record<string, unknown>>): void
  error(event: string, code: EventCode, details?: Readonly<Record<string, unknown>>): void
}

export interface LogOptions {
  /** The application's. */
  readonly name: string
  readonly log?: Log | false | undefined
  readonly logger?: Logger | undefined
}

/** All that a run tells goes through this one: as lines to `log`, and what is more than information to `logger`. */
export function createEventLog({ name, log, logger }: LogOptions): EventLog {
  const lines = log === false ? silentLog : (log ?? (logger === undefined ? stderrLog(name) : silentLog))
  if (logger === undefined) return lines
  const data =
    (level: 'warn' | 'error') =>
    (event: string, code: string, details?: Readonly<Record<string, unknown>>): void => {
      lines[level](event)
      try {
        logger[level]({ ...details, code, application: name }, event)
      } catch {
        // A run does not end because nobody can be told.
      }
    }
  return {
    info: (event) => {
      lines.info(event)
    },
    warn: data('warn'),
    error: data('error'),
  }
}

/** Tells an error that nobody gets: its own code and place, or this code. */
export function logError(log: EventLog, error: unknown, otherwise: EventCode): void {
  const isOurs = error instanceof WallarxError
  log.error(String(error), isOurs ? error.code : otherwise, { ...(isOurs && error.where), err: error })
}

/** Tells `logger` what ended the run; `log` has no line for it, because the run rejects with it. */
export function logFailure({ name, logger }: LogOptions, error: unknown): void {
  if (logger === undefined) return
  const log = createEventLog({ name, log: false, logger })
  const isOurs = error instanceof WallarxError
  const message = `the run has failed: ${isOurs ? error.message : shown(error)}`
  log.error(message, isOurs ? error.code : 'RUN_FAILED', { ...(isOurs && error.where), err: error })
}

/** Lines on standard error, each beginning with the application's name. */
function stderrLog(name: string): Log {
  const line = (event: string): void => {
    process.stderr.write(`${name}: ${event}\n`)
  }
  return { info: line, warn: line, error: line }
}

const ignore = (): void => undefined

export const silentLog: Log = { info: ignore, warn: ignore, error: ignore }
