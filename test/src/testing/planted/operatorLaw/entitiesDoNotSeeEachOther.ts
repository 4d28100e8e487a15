import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { entitiesDoNotSeeEachOther } from 'wallarx/testing'
import type { Planted } from '../planted.ts'
import { items, type Item } from './items.ts'

const sharing: Planted[] = [
  {
    bug: 'a build that gives one object to all',
    build: (
      (shared) => () =>
        shared
    )({ sum: 0, parts: { last: 0 } }),
  },
  {
    bug: 'a build that gives one part to all',
    build: ((parts) => () => ({ sum: 0, parts }))({ last: 0 }),
  },
].map(({ bug, build }) => {
  const partition = statePartition('sums', { key: ({ of }: Item) => of, build })
  return {
    law: 'entitiesDoNotSeeEachOther',
    bug,
    check: (options) =>
      entitiesDoNotSeeEachOther(
        () =>
          toStatePartition((item: Item, state: ReturnType<typeof build>) => {
            state.sum += item.value
            state.parts.last += item.value
            return [undefined, true]
          }, partition),
        { partition, messages: items, ...options },
      ),
  }
})

let global = 0
const globalSums = statePartition('sums', { key: ({ of }: Item) => of, build: () => ({ sum: 0 }) })
const sharingGlobally: Planted = {
  law: 'entitiesDoNotSeeEachOther',
  bug: 'a computation with a variable of its own',
  check: (options) =>
    entitiesDoNotSeeEachOther(
      () =>
        toStatePartition((item: Item, state: { sum: number }) => {
          state.sum = global += item.value
          return [undefined, true]
        }, globalSums),
      { partition: globalSums, messages: items, ...options },
    ),
}

export const right: Planted = {
  law: 'entitiesDoNotSeeEachOther',
  bug: 'a state partition',
  check: (options) =>
    entitiesDoNotSeeEachOther(
      () => toStatePartition((item: Item, state: { sum: number }) => [(state.sum += item.value), true], globalSums),
      { partition: globalSums, messages: items, ...options },
    ),
}

export const planted = [...sharing, sharingGlobally]
