import fc from 'fast-check'
import { messages } from 'wallarx/testing'

export interface Item {
  readonly of: bigint
  readonly value: number
}

export const items = messages({
  keys: 3,
  message: (of) => fc.record({ of: fc.constant(of), value: fc.nat(9) }, { noNullPrototype: true }),
})
export const keyed = { messages: items, key: ({ of }: Item) => of, outputKey: ({ of }: Item) => of }
