import { StateEntries, stateEntries } from './entries.ts'
import { inspectCustom, type EntryKey, type Inspect } from './entry.ts'

/**
 * A Set inside a state for what grows large: a checkpoint writes the members that were added or deleted since the last
 * one, not all there are, and after a restart a member is read when it is first asked for. Everywhere else it behaves
 * as a Set does. What is said of keys, order, size, `clear` and belonging at `StateMap` holds for members here.
 *
 * @example
 * ```ts
 * import { StateSet, statePartition } from 'wallarx'
 *
 * const visitors = statePartition('visitors', { build: () => new StateSet<string>() })
 * const seen = visitors.build()
 * seen.add('ada').add('alan').add('ada')
 * assert.equal(seen.size, 2)
 * assert.deepEqual(seen, new StateSet(['ada', 'alan']))
 * ```
 */
export class StateSet<Member extends EntryKey> {
  readonly #entries = new StateEntries<undefined>()

  constructor(members?: Iterable<Member> | null) {
    showContent(this)
    for (const member of members ?? []) this.#entries.set(member, undefined)
  }

  /** How many members there are; reads none. */
  get size(): number {
    return this.#entries.size
  }

  /** Whether this is a member. */
  has(member: Member): boolean {
    return this.#entries.has(member)
  }

  /** Makes it a member; it is in the next checkpoint. */
  add(member: Member): this {
    this.#entries.set(member, undefined)
    return this
  }

  /** Removes a member. Returns whether it was one. */
  delete(member: Member): boolean {
    return this.#entries.delete(member)
  }

  /** Removes all members, in the same time whatever the size. */
  clear(): void {
    this.#entries.clear()
  }

  /** Calls back with each member, twice as a Set does, in the order of insertion. */
  forEach(callback: (member: Member, same: Member, set: this) => void, thisArgument?: unknown): void {
    for (const { key } of this.#entries.values()) callback.call(thisArgument, key as Member, key as Member, this)
  }

  /** All members, in the order of insertion. */
  *values(): Generator<Member, undefined, unknown> {
    for (const { key } of this.#entries.values()) yield key as Member
  }

  /** The same as `values`. */
  keys(): Generator<Member, undefined, unknown> {
    return this.values()
  }

  /** Each member twice, as a Set has it, in the order of insertion. */
  *entries(): Generator<[Member, Member], undefined, unknown> {
    for (const { key } of this.#entries.values()) yield [key as Member, key as Member]
  }

  /** All members, in the order of insertion. */
  [Symbol.iterator](): Generator<Member, undefined, unknown> {
    return this.values()
  }

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- a field would be a property of its own
  get [Symbol.toStringTag](): string {
    return 'StateSet'
  }

  /** @internal */
  [inspectCustom](_depth: number, options: object, inspect: Inspect): string {
    return `State${inspect(new Set(this), options)}`
  }

  /** For the state codec. @internal */
  get [stateEntries](): StateEntries<undefined> {
    return this.#entries
  }
}

/** See the property of this name of StateMap. */
function showContent(set: StateSet<EntryKey>): void {
  Object.defineProperty(set, 'content', { enumerable: true, get: contentOf })
}

function contentOf(this: StateSet<EntryKey>): Set<EntryKey> {
  return new Set(this)
}
