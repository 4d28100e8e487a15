import type fc from 'fast-check'
import { grouped } from '../law/grouped.ts'
import type { OperatorFunction } from 'rxjs'
import type { Key } from '../../key/key.ts'
import { Breach } from '../law/breach.ts'
import { feed } from '../driver/feed.ts'
import type { LawOptions } from '../law/law.ts'
import { expectSameList, seenOf, shownEnd, type Probe, type Same } from '../law/probe.ts'

/** Of the laws about what each key has to itself. */
export interface KeyedOptions<In, Out> extends LawOptions {
  /** Messages of several keys, such as `messages({ keys, message })` gives them. */
  readonly messages: fc.Arbitrary<readonly In[]>
  /** The key that a message belongs to. */
  readonly key: (message: In) => Key
  /** The key that an output belongs to. */
  readonly outputKey: (output: Out) => Key
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/** A key as it stands in a Map: `5` is `5n`. */
export const numberOf = (key: Key): bigint => BigInt(key)

export const byKey = <Item>(items: readonly Item[], key: (item: Item) => Key): Map<bigint, Item[]> =>
  grouped(items, (item) => numberOf(key(item)))

/** What an operator gives for messages. Throws a Breach where it fails. */
export async function outputsOf<In, Out>(
  operator: OperatorFunction<In, Out>,
  messages: readonly In[],
  pauses: ReadonlySet<number>,
): Promise<readonly Out[]> {
  const seen: Probe<Out> = await seenOf(feed(messages, { pauses }).source.pipe(operator))
  if (seen.end?.kind === 'error') throw new Breach(shownEnd(seen.end), { cause: seen.end.error })
  return seen.outputs
}

/** Throws a Breach where the outputs of some key differ. */
export function expectSameByKey<Out>(
  got: ReadonlyMap<bigint, readonly Out[]>,
  expected: ReadonlyMap<bigint, readonly Out[]>,
  same: Same<Out> | undefined,
): void {
  for (const key of new Set([...expected.keys(), ...got.keys()])) {
    expectSameList(got.get(key) ?? [], expected.get(key) ?? [], `outputs of key ${key}`, same)
  }
}
