import fc from 'fast-check'

/** After which messages the event loop turns; none in most cases and where it does not matter. */
export const pauses: fc.Arbitrary<number[]> = fc.oneof(
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.constant<number[]>([]) },
  { weight: 2, arbitrary: fc.uniqueArray(fc.nat(20), { maxLength: 6 }).map((some) => some.sort((a, b) => a - b)) },
)

/** After every one of so many messages. */
export const everyPause = (count: number): Set<number> => new Set(Array(count).keys())
