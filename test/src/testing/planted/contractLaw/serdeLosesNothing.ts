import fc from 'fast-check'
import type { Serde } from 'wallarx'
import { key, serdeLosesNothing } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

const json: Serde<unknown> = {
  serialize: (state) => Buffer.from(JSON.stringify({ state })),
  deserialize: (bytes) => (JSON.parse(Buffer.from(bytes).toString()) as { state: unknown }).state,
}
const optional = fc.record(
  { count: fc.nat(), note: fc.option(fc.string(), { nil: undefined }) },
  { noNullPrototype: true },
)
class Money {
  readonly cents: bigint
  constructor(cents: bigint) {
    this.cents = cents
  }
}

export const planted: Planted[] = [
  { bug: 'a serde that drops undefined', states: optional, serde: json },
  { bug: 'a serde that loses -0', states: fc.constantFrom(0, -0, 1, -1), serde: json },
  { bug: 'a serde that loses NaN', states: fc.oneof(fc.double(), fc.constant(NaN)), serde: json },
  { bug: 'a serde that makes a Date a string', states: fc.date(), serde: json },
  { bug: 'a serde that makes a Map an object', states: fc.constantFrom(new Map([['a', 1]]), new Map()), serde: json },
  {
    bug: 'a serde that takes bigints for numbers',
    states: key(),
    serde: {
      serialize: (state: bigint) => Buffer.from(String(Number(state))),
      deserialize: (bytes: Uint8Array) => BigInt(Buffer.from(bytes).toString()),
    },
  },
  {
    bug: 'a serde that gives a plain object in place of an instance',
    states: fc.bigInt().map((cents) => new Money(cents)),
    serde: {
      serialize: ({ cents }: Money) => Buffer.from(String(cents)),
      deserialize: (bytes: Uint8Array) => ({ cents: BigInt(Buffer.from(bytes).toString()) }),
    },
  },
  {
    bug: 'a serde that changes the state it packs',
    states: fc.array(fc.nat(9)),
    serde: {
      serialize: (state: number[]) => Buffer.from(JSON.stringify(state.reverse())),
      deserialize: (bytes: Uint8Array) => (JSON.parse(Buffer.from(bytes).toString()) as number[]).reverse(),
    },
  },
  {
    bug: 'a serde whose Float64Array becomes a Float32Array',
    states: fc.float64Array({ maxLength: 4 }),
    serde: {
      serialize: (state: Float64Array) => new Uint8Array(new Float32Array(state).buffer),
      deserialize: (bytes: Uint8Array) => new Float64Array(new Float32Array(new Uint8Array(bytes).buffer)),
    },
  },
].map(({ bug, states, serde }) => ({
  law: 'serdeLosesNothing',
  bug,
  check: (options) =>
    serdeLosesNothing(() => serde as Serde<unknown>, { states: states as fc.Arbitrary<unknown>, ...options }),
}))

export const right: Planted = {
  law: 'serdeLosesNothing',
  bug: 'a serde of money',
  check: (options) =>
    serdeLosesNothing(
      () => ({
        serialize: ({ cents }: Money) => Buffer.from(String(cents)),
        deserialize: (bytes: Uint8Array) => new Money(BigInt(Buffer.from(bytes).toString())),
      }),
      { states: fc.bigInt().map((cents) => new Money(cents)), ...options },
    ),
}
