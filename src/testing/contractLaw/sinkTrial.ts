import type fc from 'fast-check'
import { createHolds, type Holds } from '../../context/backPressure.ts'
import type { Sink, SinkWriter } from '../../sink/sink.ts'
import { Breach } from '../law/breach.ts'
import { difference, shownValue } from '../law/difference.ts'
import type { LawOptions } from '../law/law.ts'
import { shownError } from '../law/probe.ts'

/** A sink, and what has arrived where it writes to. */
export interface WatchedSink<Message> {
  readonly sink: Sink<Message>
  /**
   * What has been handed over by now: the messages, in order; or, where a sink of bytes does not keep apart what is
   * written, all of its bytes.
   */
  readonly received: () => readonly Message[] | Uint8Array | Promise<readonly Message[] | Uint8Array>
}

/** Of the laws about sinks. */
export interface SinkLawOptions<Message> extends LawOptions {
  readonly messages: fc.Arbitrary<readonly Message[]>
}

/** A sink opened as `toSink` does it. */
export interface SinkTrial<Message> {
  readonly writer: SinkWriter<Message>
  readonly holds: Holds
  /** Throws a Breach where the sink said that it cannot go on. */
  readonly expectNoFailure: () => void
  /** Does the work, and rejects as soon as the sink says that it cannot go on. */
  readonly unlessItFails: <Result>(work: Promise<Result>) => Promise<Result>
}

export function trySink<Message>(sink: Sink<Message>): SinkTrial<Message> {
  const holds = createHolds()
  let failed: { readonly error: unknown } | undefined
  let tell: (breach: Breach) => void
  const failing = new Promise<never>((_, reject) => {
    tell = reject
  })
  failing.catch(() => undefined)
  const breach = (error: unknown): Breach => new Breach(`a sink that fails: ${shownError(error)}`, { cause: error })
  const writer = sink.open({
    holds,
    restored: undefined,
    warn: () => undefined,
    fail(error) {
      failed = { error }
      tell(breach(error))
    },
  })
  return {
    writer,
    holds,
    expectNoFailure() {
      if (failed !== undefined) throw breach(failed.error)
    },
    unlessItFails: (work) => Promise.race([work, failing]),
  }
}

/** Throws a Breach where not exactly these messages have arrived. */
export async function expectReceived<Message>(
  { received }: WatchedSink<Message>,
  written: readonly Message[],
  when: string,
): Promise<void> {
  const got = comparable(await received())
  expectSameReceived(got, comparable(expectedAs(got, written)), when)
}

/** Throws a Breach where something else has arrived than the first of these messages. */
export async function expectReceivedBeginning<Message>(
  { received }: WatchedSink<Message>,
  written: readonly Message[],
): Promise<void> {
  const got = comparable(await received())
  expectSameReceived(got, comparable(expectedAs(got, written)).slice(0, got.length), 'after abort')
}

type Received = Buffer | readonly unknown[]

const comparable = (received: readonly unknown[] | Uint8Array): Received =>
  received instanceof Uint8Array ? Buffer.from(received) : [...received]

const expectedAs = (got: Received | Uint8Array, written: readonly unknown[]): readonly unknown[] | Uint8Array =>
  got instanceof Uint8Array ? Buffer.concat(written.map((message) => Buffer.from(message as string))) : written

function expectSameReceived(got: Received, expected: Received, when: string): void {
  const found = difference(got, expected, 'received')
  if (found === undefined) return
  throw new Breach(`${when}, ${found}\n  got:      ${shownValue(got)}\n  expected: ${shownValue(expected)}`)
}
