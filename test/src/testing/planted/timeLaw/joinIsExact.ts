import fc from 'fast-check'
import type { JoinWithinOptions } from 'wallarx'
import { joinIsExact } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

interface Event {
  readonly id: number
  readonly at: number
}
type Join = JoinWithinOptions<Event, Event, string>

const events = fc
  .array(fc.record({ id: fc.nat(2), step: fc.nat(8), back: fc.nat(6) }, { noNullPrototype: true }), { maxLength: 10 })
  .map((steps) => {
    let time = 0
    return steps.map(({ id, step, back }): Event => ({ id, at: (time += step) - back }))
  })
const side = { key: ({ id }: Event) => id, at: ({ at }: Event) => at }
const base: Join = {
  name: 'pairs',
  left: side,
  right: side,
  before: 5,
  after: 12,
  combine: (one, other) => `${one.id}: ${one.at}, ${other.at}`,
}
const law = 'joinIsExact'
const check =
  (join: () => Join, lefts: fc.Arbitrary<readonly Event[]> = events): Planted['check'] =>
  (options) =>
    joinIsExact(join(), { lefts, rights: events, runs: 50, ...options })

class Order implements Event {
  readonly id: number
  readonly at: number
  constructor({ id, at }: Event) {
    this.id = id
    this.at = at
  }
}

export const planted: Planted[] = [
  {
    law,
    bug: 'pairs with numbers',
    check: check(() => {
      let pairs = 0
      return { ...base, combine: () => `${pairs++}` }
    }),
  },
  {
    law,
    bug: 'messages of a class, which a checkpoint does not keep',
    check: check(
      () => ({ ...base, combine: (one) => one.constructor.name }),
      events.map((all) => all.map((one) => new Order(one))),
    ),
  },
  {
    law,
    bug: 'a key that is another one each time',
    check: check(() => {
      let asked = 0
      return { ...base, left: { ...side, key: () => asked++ % 2 } }
    }),
  },
]

export const right: Planted[] = [
  { law, bug: 'pairs', check: check(() => base) },
  { law, bug: 'pairs of messages in disorder', check: check(() => ({ ...base, outOfOrder: 6 })) },
  {
    law,
    bug: 'those that are not matched, too',
    check: check(() => ({
      ...base,
      outOfOrder: 3,
      unmatched: true,
      combine: (one: Event, other: Event | undefined) => `${one.id}: ${one.at}, ${other?.at ?? 'alone'}`,
    })),
  },
]
