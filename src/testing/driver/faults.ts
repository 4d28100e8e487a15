import { knownOptions, wholeNumber } from '../../base/option.ts'
import fc from 'fast-check'

/** What can happen to a running pipeline. `events` counts the messages and faults for which a sink takes nothing. */
export type Fault =
  | { readonly fault: 'checkpoint' | 'crash' | 'restart' }
  | { readonly fault: 'slow sink' | 'lost sink'; readonly events: number }

/** One thing that happens to a pipeline under test. */
export type PipelineEvent<In> = { readonly message: In } | Fault

const kinds = ['checkpoint', 'crash', 'restart', 'slow sink', 'lost sink'] as const

/**
 * Faults, as values: a checkpoint that is taken now; a crash, the program going on from the last checkpoint; a restart
 * in order, as after SIGTERM; a sink that is slow, or lost and back again, some events later.
 *
 * @param some which ones. Default: all
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { faults } from 'wallarx/testing'
 *
 * fc.assert(fc.property(faults(['crash']), ({ fault }) => fault === 'crash'))
 * ```
 */
export function faults(some: readonly Fault['fault'][] = kinds): fc.Arbitrary<Fault> {
  return fc.oneof(
    ...some.map((fault) => ({
      weight: fault === 'checkpoint' || fault === 'crash' ? 3 : 1,
      arbitrary:
        fault === 'slow sink' || fault === 'lost sink'
          ? fc.record({ fault: fc.constant(fault), events: fc.integer({ min: 1, max: 4 }) })
          : fc.constant({ fault }),
    })),
  )
}

/** Which faults. */
export interface WithFaultsOptions {
  /** Default: `faults()` */
  readonly faults?: fc.Arbitrary<Fault> | undefined
  /** The most faults. Default: 8 */
  readonly maxFaults?: number | undefined
}

/**
 * The messages as events, in their order, with faults anywhere in between: what `play` plays to a driver.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { play, testPipeline, withFaults } from 'wallarx/testing'
 * import { to } from 'wallarx/operators'
 *
 * await fc.assert(
 *   fc.asyncProperty(withFaults(fc.array(fc.nat(9))), async (events) => {
 *     const driver = await testPipeline(to((n: number) => n + 1))
 *     await play(driver, events)
 *     await driver.end()
 *     const sent = events.flatMap((event) => ('message' in event ? [event.message] : []))
 *     assert.deepEqual(new Set(driver.outputs()), new Set(sent.map((n) => n + 1)))
 *     await driver.close()
 *   }),
 *   { numRuns: 20 },
 * )
 * ```
 */
export function withFaults<In>(
  messages: fc.Arbitrary<readonly In[]>,
  input: WithFaultsOptions = {},
): fc.Arbitrary<PipelineEvent<In>[]> {
  const { faults: fault = faults(), maxFaults = 8 } = knownOptions('withFaults', input, {
    faults: true,
    maxFaults: true,
  })
  wholeNumber('maxFaults', maxFaults, 0)
  const placed = fc.array(fc.record({ place: fc.nat(60), fault }), { maxLength: maxFaults, size: 'max' })
  return fc.tuple(messages, placed).map(([all, some]) => {
    const places = some.map(({ place, fault }) => ({ before: place % (all.length + 1), fault }))
    const at = (index: number): Fault[] => places.filter(({ before }) => before === index).map(({ fault }) => fault)
    return [...all.flatMap((message, index) => [...at(index), { message }]), ...at(all.length)]
  })
}
