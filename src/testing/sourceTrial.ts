import type { Observable } from 'rxjs'
import { within, type Context } from '../context.ts'
import { createHolds, type Holds } from '../holds.ts'
import type { Position } from '../position.ts'
import { standaloneContext } from '../standaloneContext.ts'
import type fc from 'fast-check'
import { Breach } from './breach.ts'
import type { LawOptions } from './law.ts'
import { expectSameList, probe, shownEnd, type Probe, type Same } from './probe.ts'

/** Makes a source that gives these messages, anew for each run. */
export type BuildSource<Message> = (messages: readonly Message[]) => Observable<Message> | Promise<Observable<Message>>

export interface SourceLawOptions<Message> extends LawOptions {
  /** What the source is made to give. */
  readonly messages: fc.Arbitrary<readonly Message[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Message> | undefined
}

/** What a law does to a source. */
export interface SourceControls {
  readonly holds: Holds
  /** Tells it to stop. */
  readonly stop: () => void
  readonly unsubscribe: () => void
}

/** A source subscribed to as `run` does it. */
export interface SourceTrial<Message> extends SourceControls {
  readonly seen: Probe<Message>
  /** Where it says it is. */
  readonly position: () => Position | undefined
}

export interface SourceTrialOptions {
  readonly restored?: Position | undefined
  /** Called with each message's number, from 1; by a source that emits synchronously, before `trySource` returns. */
  readonly onNext?: (count: number, controls: SourceControls) => void
}

export function trySource<Message>(
  source: Observable<Message>,
  { restored, onNext }: SourceTrialOptions = {},
): SourceTrial<Message> {
  const stopping = new AbortController()
  const holds = createHolds()
  const stop = (): void => {
    stopping.abort()
  }
  let position: () => Position | undefined = () => undefined
  const context: Context = {
    ...standaloneContext(),
    holds,
    stopping: stopping.signal,
    warn: () => undefined,
    addSource: (_name, { covered = false } = {}) => ({
      restored: covered ? undefined : restored,
      opened: () => undefined,
      positionFrom(ask) {
        if (!covered) position = ask
      },
      onCheckpoint: () => undefined,
      ended: () => undefined,
    }),
  }
  const seen = within(context, () =>
    probe(source, (count, unsubscribe) => onNext?.(count, { holds, stop, unsubscribe })),
  )
  return { seen, holds, stop, unsubscribe: seen.unsubscribe, position: () => position() }
}

/** Throws a Breach where a source failed, or gave other messages than `expected`. */
export function expectMessages<Message>(
  { end, outputs }: Probe<Message>,
  expected: readonly Message[],
  same: Same<Message> | undefined,
): void {
  if (end?.kind === 'error') throw new Breach(shownEnd(end), { cause: end.error })
  expectSameList(outputs, expected, 'messages', same)
}
