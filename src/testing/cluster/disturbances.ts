import fc from 'fast-check'
import { knownOptions, wholeNumber } from '../../base/option.ts'
import { recordOf } from '../law/law.ts'
import type { ClusterEvent, Disturbance } from './disturbance.ts'

const worker = fc.nat(3)
/** Where in what a worker does: a life begins with some ten calls, and a transaction is three. */
const call = fc.nat(15)
const done = fc.boolean()
const calls = fc.integer({ min: 1, max: 8 })
/** In ms: less than a session, or more. */
const milliseconds = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 600, max: 2000 }))

const named = <Name extends string>(disturbance: Name): { disturbance: fc.Arbitrary<Name> } => ({
  disturbance: fc.constant(disturbance),
})

/** Each, and how often it comes. */
const all: Readonly<Record<Disturbance['disturbance'], [weight: number, arbitrary: fc.Arbitrary<Disturbance>]>> = {
  pause: [6, recordOf({ ...named('pause'), milliseconds })],
  kill: [4, recordOf({ ...named('kill'), worker, call, done })],
  freeze: [3, recordOf({ ...named('freeze'), worker, call, done, milliseconds })],
  join: [2, recordOf(named('join'))],
  restart: [2, recordOf({ ...named('restart'), worker, call, done })],
  leave: [2, recordOf({ ...named('leave'), worker })],
  'slow replies': [1, recordOf({ ...named('slow replies'), worker, calls, milliseconds })],
  'lost reply': [1, recordOf({ ...named('lost reply'), worker, call })],
  eviction: [3, recordOf({ ...named('eviction'), worker })],
  expiry: [1, recordOf({ ...named('expiry'), worker })],
  'broker restart': [1, recordOf({ ...named('broker restart'), milliseconds })],
}

/**
 * What can happen to workers, as values: one is killed, frozen, restarted or put out of its groups, joins or leaves,
 * the answers to its calls are slow or lost, its transaction expires, Kafka is away; and pauses, in which the others
 * take over.
 *
 * @param some which ones. Default: all
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { disturbances } from 'wallarx/testing'
 *
 * fc.assert(fc.property(disturbances(['kill']), ({ disturbance }) => disturbance === 'kill'))
 * ```
 */
export function disturbances(
  some: readonly Disturbance['disturbance'][] = Object.keys(all) as Disturbance['disturbance'][],
): fc.Arbitrary<Disturbance> {
  return fc.oneof(...some.map((name) => ({ weight: all[name][0], arbitrary: all[name][1] })))
}

/** Which disturbances. */
export interface WithDisturbancesOptions {
  /** Default: `disturbances()` */
  readonly disturbances?: fc.Arbitrary<Disturbance> | undefined
  /** The most of them. Default: 12 */
  readonly maxDisturbances?: number | undefined
}

/**
 * The messages as events, in their order, with disturbances anywhere in between: what `playOnCluster` plays.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { statePartition } from 'wallarx'
 * import { toState } from 'wallarx/operators'
 * import { playOnCluster, simulateCluster, withDisturbances } from 'wallarx/testing'
 *
 * const sum = () =>
 *   toState((n: number, state) => [(state.total += n), true], statePartition('sum', { build: () => ({ total: 0 }) }))
 * await fc.assert(
 *   fc.asyncProperty(withDisturbances(fc.array(fc.nat(9))), async (events) => {
 *     const cluster = await simulateCluster(sum)
 *     await playOnCluster(cluster, events)
 *     const sent = events.flatMap((event) => ('message' in event ? [event.message] : []))
 *     assert.equal(cluster.outputs().at(-1) ?? 0, sent.reduce((total, n) => total + n, 0))
 *     await cluster.close()
 *   }),
 *   { numRuns: 10 },
 * )
 * ```
 */
export function withDisturbances<In>(
  messages: fc.Arbitrary<readonly In[]>,
  input: WithDisturbancesOptions = {},
): fc.Arbitrary<ClusterEvent<In>[]> {
  const known = { disturbances: true, maxDisturbances: true } as const
  const { disturbances: some = disturbances(), maxDisturbances = 12 } = knownOptions('withDisturbances', input, known)
  wholeNumber('maxDisturbances', maxDisturbances, 0)
  const placed = fc.array(fc.record({ place: fc.nat(60), disturbance: some }), {
    maxLength: maxDisturbances,
    size: 'max',
  })
  return fc.tuple(messages, placed).map(([all, disturbing]) => {
    const places = disturbing.map(({ place, disturbance }) => ({ before: place % (all.length + 1), disturbance }))
    const at = (index: number): Disturbance[] =>
      places.filter(({ before }) => before === index).map(({ disturbance }) => disturbance)
    return [...all.flatMap((message, index) => [...at(index), { message }]), ...at(all.length)]
  })
}
