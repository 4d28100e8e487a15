import { knownOptions, wholeNumber } from '../../base/option.ts'
import fc from 'fast-check'

/** A message with a time and where it came from, for `eventTime((event) => event.at)`. */
export interface Timed<Message> {
  readonly message: Message
  /** In ms since 1970. */
  readonly at: number
  /** One of `'a'`, `'b'`, …; messages of one origin come in the order of the array. */
  readonly origin: string
}

/** How messages lie in time. */
export interface TimedOptions {
  /** In ms: how much earlier than the latest one of its origin a message may be. Default: 0 */
  readonly disorder?: number | undefined
  /** How many origins there are; each has its own time, which goes on by itself. Default: 1 */
  readonly origins?: number | undefined
  /** In ms: the longest time from one message to the next one of its origin, but for pauses. Default: 10 */
  readonly step?: number | undefined
}

/**
 * The messages with times and origins: each origin goes on in time by itself, by small steps and now and then a pause
 * of up to a hundred of them, and no message of it is more than `disorder` earlier than the latest before it.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { timed } from 'wallarx/testing'
 *
 * const words = timed(fc.array(fc.string()), { disorder: 5 })
 * fc.assert(fc.property(words, (events) => events.every(({ at }, n) => n === 0 || at >= events[n - 1]!.at - 5)))
 * ```
 */
export function timed<Message>(
  messages: fc.Arbitrary<readonly Message[]>,
  options: TimedOptions = {},
): fc.Arbitrary<Timed<Message>[]> {
  const known = { disorder: true, origins: true, step: true } as const
  const { disorder = 0, origins = 1, step = 10 } = knownOptions('timed', options, known)
  wholeNumber('disorder', disorder, 0)
  wholeNumber('origins', origins, 1)
  wholeNumber('step', step, 1)
  const place = fc.record({
    origin: fc.nat(origins - 1),
    step: fc.oneof({ weight: 9, arbitrary: fc.nat(step) }, { weight: 1, arbitrary: fc.nat(100 * step) }),
    back: fc.nat(disorder),
  })
  return messages.chain((all) =>
    fc.array(place, { minLength: all.length, maxLength: all.length }).map((places) => {
      const times = new Map<number, number>()
      const greatest = new Map<number, number>()
      return all.map((message, n) => {
        const { origin, step: ahead, back } = places[n]!
        const time = (times.get(origin) ?? 0) + ahead
        times.set(origin, time)
        const at = Math.max(time - back, (greatest.get(origin) ?? time) - disorder)
        greatest.set(origin, Math.max(greatest.get(origin) ?? at, at))
        return { message, at, origin: String.fromCharCode(97 + origin) }
      })
    }),
  )
}
