import { statePartition, type Change, type StateResult } from 'wallarx'
import type { Feed, TestStore } from '../../support/durability.ts'

export const counts = (name = 'counts') =>
  statePartition(name, { key: (message: number) => message, build: () => ({ count: 0 }) })
export const count = (message: number, state: { count: number }): StateResult<string> => [
  `${message}: ${++state.count}`,
  true,
]

/** The first letters of the keys of a commit: what it is made of (see the layout of checkpoints). */
export const kinds = (changes: readonly Change[]): string =>
  changes.map(({ key }) => String.fromCharCode(key[0]!)).join('')
export const kindsOf = (store: TestStore): string[] => store.commits.map(kinds)

/** Pushes, and waits for the checkpoint that covers what was pushed. */
export async function pushAndKeep(store: TestStore, input: Feed<number>, ...messages: number[]) {
  input.push(...messages)
  const position = input.handed
  await store.until(() => store.position('pipeline', 'source', 'feed') === position)
}
