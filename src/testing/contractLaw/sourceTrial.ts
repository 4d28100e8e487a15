import type { Observable } from 'rxjs'
import { within, type Context } from '../../context/context.ts'
import { createHolds, type Holds } from '../../context/backPressure.ts'
import { noSource, type Position } from '../../context/endpoint.ts'
import { standaloneContext } from '../../context/standalone.ts'
import type fc from 'fast-check'
import { Breach } from '../law/breach.ts'
import type { LawOptions } from '../law/law.ts'
import { expectSameList, probe, shownEnd, type Probe, type Same } from '../law/probe.ts'

/** Makes a source that gives these messages, anew for each run. */
export type BuildSource<Message> = (messages: readonly Message[]) => Observable<Message> | Promise<Observable<Message>>

/** Of the laws about sources. */
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
  const alone = standaloneContext()
  const context: Context = {
    ...alone,
    backPressure: { ...alone.backPressure, holds },
    shutdown: { ...alone.shutdown, stopping: stopping.signal },
    report: { ...alone.report, warn: () => undefined },
    endpoints: {
      ...alone.endpoints,
      addSource: (_name, { journaled = false } = {}) => ({
        ...noSource,
        restored: journaled ? undefined : restored,
        positionFrom(ask) {
          if (!journaled) position = ask
        },
      }),
    },
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
