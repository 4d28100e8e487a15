import { concatMap, defer, from, mergeMap, of } from 'rxjs'
import { orderPerKeyIsKept } from 'wallarx/testing'
import type { Planted } from '../planted.ts'
import { items, keyed, type Item } from './items.ts'

export const planted: Planted[] = [
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that lets small messages overtake large ones',
    check: (options) =>
      orderPerKeyIsKept(
        () =>
          mergeMap(async (item: Item) => {
            for (let turn = 0; turn < item.value; turn++) await Promise.resolve()
            return item
          }),
        { messages: items, outputKey: keyed.outputKey, ...options },
      ),
  },
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that answers some messages from a cache',
    check: (options) =>
      orderPerKeyIsKept(() => mergeMap((item: Item) => (item.value < 5 ? of(item) : from(Promise.resolve(item)))), {
        messages: items,
        outputKey: keyed.outputKey,
        ...options,
      }),
  },
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that reads and writes its state around an await',
    check: (options) =>
      orderPerKeyIsKept(
        () => (source) =>
          defer(() => {
            const sums = new Map<bigint, number>()
            return source.pipe(
              mergeMap(async ({ of, value }: Item) => {
                const sum = sums.get(of) ?? 0
                await Promise.resolve()
                sums.set(of, sum + value + 1)
                return { of, value: sum + value + 1 }
              }),
            )
          }),
        { messages: items, outputKey: keyed.outputKey, ...options },
      ),
  },
]

export const right: Planted = {
  law: 'orderPerKeyIsKept',
  bug: 'an asynchronous step, one after the other',
  check: (options) =>
    orderPerKeyIsKept(() => concatMap((item: Item) => Promise.resolve(item)), {
      messages: items,
      outputKey: keyed.outputKey,
      ...options,
    }),
}
