import type { Observable } from 'rxjs'
import { within, type Context } from '../context.ts'
import { createHolds } from '../holds.ts'
import type { Position } from '../position.ts'
import { standaloneContext } from '../standaloneContext.ts'
import type fc from 'fast-check'
import { Breach } from './breach.ts'
import type { LawOptions } from './law.ts'
import { expectSameList, probe, shownEnd, type Probe, type ProbeOptions, type Same } from './probe.ts'

/** Makes a source that gives these messages, anew for each run. */
export type BuildSource<Message> = (messages: readonly Message[]) => Observable<Message> | Promise<Observable<Message>>

export interface SourceLawOptions<Message> extends LawOptions {
  /** What the source is made to give. */
  readonly messages: fc.Arbitrary<readonly Message[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Message> | undefined
}

/** A source subscribed to as `run` does it. */
export interface SourceTrial<Message> {
  readonly seen: Probe<Message>
  readonly holds: Context['holds']
  /** Tells it to stop. */
  stop(): void
  /** Where it says it is. */
  position(): Position | undefined
}

export interface SourceTrialOptions<Message> extends ProbeOptions<Message> {
  readonly restored?: Position | undefined
}

export function trySource<Message>(
  source: Observable<Message>,
  { restored, onNext }: SourceTrialOptions<Message> = {},
): SourceTrial<Message> {
  const stopping = new AbortController()
  const holds = createHolds()
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
  const seen = within(context, () => probe(source, onNext === undefined ? {} : { onNext }))
  return { seen, holds, stop: () => stopping.abort(), position: () => position() }
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
