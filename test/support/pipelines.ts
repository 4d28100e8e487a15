import { onTestFinished } from 'vitest'
import { run, type DeadLetter, type RunOptions, type Running, type Sink, type SinkContext } from 'wallarx'
import { createHolds, type Holds } from '../../src/context/backPressure.ts'
import { createWatch, type Watch } from './watch.ts'

/** A sink that keeps what it gets, and the holds of its pipeline for the test to take one. */
export interface Collector<Message> extends Sink<Message> {
  readonly messages: Message[]
  readonly holds: Holds
  readonly closed: boolean
  /** Waits for a condition that messages and the close change. */
  readonly until: Watch['until']
}

export function collect<Message>(): Collector<Message> {
  const watch = createWatch()
  const messages: Message[] = []
  let holds = createHolds()
  let closed = false
  return {
    name: 'collector',
    messages,
    until: watch.until,
    get holds() {
      return holds
    },
    get closed() {
      return closed
    },
    open(context) {
      holds = context.holds
      return {
        write(message) {
          messages.push(message)
          watch.changed()
        },
        close() {
          closed = true
          watch.changed()
          return Promise.resolve()
        },
        abort: () => undefined,
      }
    },
  }
}

/** A run of a test, with what it reported. */
export interface TestRun {
  readonly app: Running
  readonly letters: DeadLetter[]
  readonly log: string[]
  /** Waits for a condition that dead letters and log lines change. */
  readonly until: Watch['until']
}

/** Runs without signals and with a log of its own; closed at the end of the test. */
export async function runForTest(options: Partial<RunOptions> & Pick<RunOptions, 'pipelines'>): Promise<TestRun> {
  const watch = createWatch()
  const letters: DeadLetter[] = []
  const log: string[] = []
  const line = (event: string): void => {
    log.push(event)
    watch.changed()
  }
  const app = await run({
    name: 'test',
    handleSignals: false,
    drainTimeout: 5000,
    log: { info: line, warn: line, error: line },
    deadLetters(letter) {
      letters.push(letter)
      watch.changed()
    },
    ...options,
  })
  onTestFinished(() => app.close().catch(() => undefined))
  return { app, letters, log, until: watch.until }
}

/** What a sink's writer gets, with what it reported. */
export interface TestSinkContext extends SinkContext {
  readonly warnings: string[]
  readonly failures: unknown[]
  /** Waits for a condition that warnings and failures change. */
  readonly until: Watch['until']
}

export function sinkContext(): TestSinkContext {
  const watch = createWatch()
  const warnings: string[] = []
  const failures: unknown[] = []
  return {
    holds: createHolds(),
    warnings,
    failures,
    until: watch.until,
    warn(event) {
      warnings.push(event)
      watch.changed()
    },
    fail(error) {
      failures.push(error)
      watch.changed()
    },
  }
}
