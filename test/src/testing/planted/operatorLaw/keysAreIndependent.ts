import { defer, map, type OperatorFunction } from 'rxjs'
import { keysAreIndependent } from 'wallarx/testing'
import { keyed, type Item } from './items.ts'
import type { Planted } from '../planted.ts'

/** Sums by key, in a Map whose key is what `slot` says. */
const sumsBy =
  (slot: (key: bigint) => unknown): (() => OperatorFunction<Item, Item>) =>
  () =>
  (source) =>
    defer(() => {
      const sums = new Map<unknown, number>()
      return source.pipe(
        map(({ of, value }) => {
          const sum = (sums.get(slot(of)) ?? 0) + value + 1
          sums.set(slot(of), sum)
          return { of, value: sum }
        }),
      )
    })

export const planted: Planted[] = [
  { bug: 'a groupBy of keys modulo 2^32', slot: (key: bigint) => BigInt.asUintN(32, key) },
  { bug: 'a groupBy of keys as numbers', slot: (key: bigint) => Number(key) },
  { bug: 'a groupBy of the exclusive or of both halves', slot: (key: bigint) => (key >> 32n) ^ (key & 0xffffffffn) },
  { bug: 'a groupBy of the high half', slot: (key: bigint) => key >> 32n },
  { bug: 'a groupBy of nothing at all', slot: () => 0 },
].map(({ bug, slot }) => ({
  law: 'keysAreIndependent',
  bug,
  check: (options) => keysAreIndependent(sumsBy(slot), { ...keyed, ...options }),
}))

export const right: Planted = {
  law: 'keysAreIndependent',
  bug: 'sums by key',
  check: (options) =>
    keysAreIndependent(
      sumsBy((key) => key),
      { ...keyed, ...options },
    ),
}
