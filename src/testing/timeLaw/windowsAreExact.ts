import { invalidOption, knownOptions } from '../../base/option.ts'
import type fc from 'fast-check'
import { map, merge, Subject } from 'rxjs'
import { eventTime } from '../../../operators/eventTime.ts'
import { toWindows } from '../../../operators/time/toWindows.ts'
import { fromObservable } from '../../source/observable.ts'
import type { Aggregate } from '../../time/window/aggregate.ts'
import type { WindowDefinition } from '../../time/window/window.ts'
import { windowsOf, type WindowedPartition } from '../../time/window/windowed.ts'
import type { Timed } from '../generator/timed.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import { expectSameList, probe, shownEnd, type Same } from '../law/probe.ts'
import { Breach } from '../law/breach.ts'
import { shownTimed } from './origins.ts'
import { plainWindows } from './plainWindows.ts'

/** Of the law that windows are exact. */
export interface WindowsOptions<In, Out> extends LawOptions {
  /** Messages with their times, such as `timed(messages, { disorder, origins })` gives them. */
  readonly messages: fc.Arbitrary<readonly Timed<In>[]>
  /** Of `eventTime`, in ms. Default: 0, so that messages in disorder may be late */
  readonly outOfOrder?: number | undefined
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/** Something that is late, in the place of what the state partition does with it. */
class Late {
  readonly message: unknown
  constructor(message: unknown) {
    this.message = message
  }
}

/**
 * The law that windows give what their messages give when they are added one by one to a state of their own: the same
 * outputs in the same order, and the same late messages. It holds an aggregate to adding and merging alike: a `merge`
 * that forgets something, changes the state that it merges from, or keeps a part of it, breaks it. Not for `counted`.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { sliding, windowed } from 'wallarx'
 * import { timed, windowsAreExact } from 'wallarx/testing'
 *
 * const sums = windowed('sums', {
 *   key: (n: number) => n % 3,
 *   window: sliding({ size: 30, every: 10 }),
 *   build: () => 0,
 * })
 * const add = (n: number, sum: number) => sum + n
 * const close = (sum: number) => sum
 * const messages = timed(fc.array(fc.nat(9)), { disorder: 5, origins: 2 })
 * await windowsAreExact({ add, close, merge: add }, sums, { messages })
 * const forgetful = windowsAreExact({ add, close, merge: (_, from) => from }, sums, { messages })
 * await assert.rejects(forgetful, { code: 'LAW_BROKEN' })
 * ```
 */
export async function windowsAreExact<In, State, Out>(
  aggregate: Aggregate<In, State, Out>,
  partition: WindowedPartition<In, State, WindowDefinition, unknown>,
  input: WindowsOptions<In, Out>,
): Promise<void> {
  const known = { messages: true, outOfOrder: true, same: true, ...lawOptions } as const
  const { messages, outOfOrder = 0, same, ...options } = knownOptions('windowsAreExact', input, known)
  const settings = partition[windowsOf]
  if (settings.window.kind === 'counted') {
    throw invalidOption('the window', 'one in time', settings.window.kind, { partition: partition.name })
  }
  const title = 'windows give what their messages give when they are added one by one'
  await checkLaw({
    law: title,
    where: { law: 'windowsAreExact', partition: partition.name },
    input: recordOf({ messages }),
    async holds({ messages: events }) {
      const late = (message: In): Late => new Late(message)
      const own = { ...partition, [windowsOf]: { ...settings, late } }
      const seen = await outputsOf(events, aggregate, own, outOfOrder)
      const expected = plainWindows(events, aggregate, partition.key, settings, outOfOrder)
      const outputs = seen.filter((output): output is Out => !(output instanceof Late))
      const lates = seen.flatMap((output) => (output instanceof Late ? [output.message as In] : []))
      expectSameList(outputs, expected.outputs, 'outputs', same)
      expectSameList(lates, expected.late, 'late messages')
    },
    show({ messages: events }) {
      const more = outOfOrder === 0 ? [] : [`outOfOrder: ${outOfOrder}`]
      return shownTimed(events, { title, name: 'windowsAreExact', first: 'aggregate, partition', more })
    },
    options,
  })
}

/** What comes out of a pipeline that has a source for each origin. */
async function outputsOf<In, State, Out>(
  events: readonly Timed<In>[],
  aggregate: Aggregate<In, State, Out>,
  partition: WindowedPartition<In, State, WindowDefinition, Late>,
  outOfOrder: number,
): Promise<readonly (Out | Late)[]> {
  const origins = new Map(events.map(({ origin }) => [origin, new Subject<Timed<In>>()]))
  const sources = [...origins].map(([name, subject]) => fromObservable(subject, { name }))
  const pipeline = merge(...sources).pipe(
    eventTime(({ at }) => at, { outOfOrder }),
    map(({ message }) => message),
    toWindows<In, State, Out, WindowDefinition, Late>(aggregate, partition),
  )
  const seen = probe(pipeline)
  for (const event of events) origins.get(event.origin)!.next(event)
  for (const subject of origins.values()) subject.complete()
  await seen.ended
  if (seen.end?.kind === 'error') throw new Breach(shownEnd(seen.end), { cause: seen.end.error })
  return seen.outputs
}
