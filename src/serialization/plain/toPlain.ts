import { stateEntries, type StateEntries } from '../../state/entries.ts'
import { StateMap } from '../../state/stateMap.ts'
import { StateSet } from '../../state/stateSet.ts'
import { bytesClassOf, bytesOf, oddBytes } from './bytes.ts'
import { createNumbering } from './numbering.ts'
import {
  fixedLevel,
  kindOf,
  oddProperty,
  propertyBeside,
  oddLastIndex,
  propertyBesideElements,
  symbolProperty,
  type FixedLevel,
  type OddProperty,
} from './ownProperties.ts'
import { createStatePath, type StatePath } from './path.ts'
import { isName, isText, NotPlain, special, tags, type OnEntries } from './plainForm.ts'

/** Deeper states are refused: msgpackr runs out of stack from 500 Maps or 1,450 arrays inside each other on. */
const deepestState = 200

/**
 * Gives the plain form of one state after the other, which shares with the state what is the same in both. What it
 * returns throws `NotPlain` and what `onEntries` throws.
 */
export function plainForms(onEntries: OnEntries): (state: unknown) => unknown {
  const numbering = createNumbering()
  const path = createStatePath()

  const walk = (value: unknown, depth: number): unknown => {
    switch (typeof value) {
      case 'number':
        return value === 0 && Object.is(value, -0) ? special(tags.negativeZero) : value
      case 'string':
        return isText(value) ? value : special(tags.utf16, Buffer.from(value, 'utf16le'))
      case 'object':
        return value === null ? null : walkObject(value, depth)
      case 'function':
      case 'symbol':
        throw refused(value, depth)
      default:
        return value
    }
  }

  const walkObject = (value: object, depth: number): unknown => {
    const known = numbering.meet(value)
    if (known !== undefined) return special(tags.reference, known)
    if (depth > deepestState) {
      throw new NotPlain(path.at(depth), `a state of at most ${deepestState} objects inside each other`, 'a deeper one')
    }
    const level = fixedLevel(value)
    const plain = walkContent(value, depth, level)
    return level === 0 ? plain : special(tags.fixed, level, plain)
  }

  const walkContent = (value: object, depth: number, level: FixedLevel): unknown => {
    const prototype: unknown = Object.getPrototypeOf(value)
    switch (prototype) {
      case Object.prototype:
        return walkRecord(value as Record<string, unknown>, depth, level, false)
      case Array.prototype:
        return plainArray(value as unknown[], depth, walker)
      case Map.prototype:
        check(propertyBeside(value), depth)
        return plainMap(value as Map<unknown, unknown>, depth, walker)
      case Set.prototype:
        check(propertyBeside(value), depth)
        return plainSet(value as Set<unknown>, depth, walker)
      case Date.prototype:
        check(propertyBeside(value), depth)
        return value
      case null:
        return walkRecord(value as Record<string, unknown>, depth, level, true)
      case RegExp.prototype: {
        check(propertyBeside(value, 'lastIndex') ?? oddLastIndex(value, level), depth)
        const { source, flags, lastIndex } = value as RegExp
        path.step(depth, 'property', 'lastIndex')
        return special(tags.regExp, walk(source, depth), flags, walk(lastIndex, depth + 1))
      }
      case StateMap.prototype:
        check(propertyBeside(value, 'content'), depth)
        return walkEntries(tags.stateMap, (value as StateMap<never, unknown>)[stateEntries], depth)
      case StateSet.prototype:
        check(propertyBeside(value, 'content'), depth)
        return walkEntries(tags.stateSet, (value as StateSet<never>)[stateEntries], depth)
    }
    const name = bytesClassOf(prototype)
    if (name === undefined) throw refused(value, depth)
    check(oddBytes(value as ArrayBuffer | ArrayBufferView), depth)
    if (name === 'Buffer') return value
    return special(tags.bytes, name, Buffer.from(bytesOf(value as ArrayBuffer | ArrayBufferView)))
  }

  const walkRecord = (value: Record<string, unknown>, depth: number, level: FixedLevel, bare: boolean): unknown => {
    const names = Object.getOwnPropertyNames(value)
    check(symbolProperty(value), depth)
    let parts: unknown[] | undefined // where a name is no text, or there is no prototype
    if (bare || !names.every(isName)) parts = [tags.object, bare]
    let copy: Record<string, unknown> | undefined
    for (const name of names) {
      check(oddProperty(value, name, level), depth)
      path.step(depth, 'property', name)
      const part = value[name]
      if (parts !== undefined) {
        parts.push(walk(name, depth + 1), walk(part, depth + 1))
        continue
      }
      const plain = walk(part, depth + 1)
      if (Object.is(plain, part)) continue
      copy ??= { ...value }
      copy[name] = plain
    }
    return parts === undefined ? (copy ?? value) : new Set([parts])
  }

  const walkEntries = (tag: number, entries: StateEntries<unknown>, depth: number): unknown => {
    const id = onEntries(entries, () => path.at(depth))
    return special(tag, id, entries.size, entries.nextOrder)
  }

  const check = (odd: OddProperty | undefined, depth: number): void => {
    if (odd === undefined) return
    path.step(depth, 'property', odd.name)
    throw new NotPlain(path.at(depth + 1), packable, odd.got)
  }

  const refused = (value: unknown, depth: number): NotPlain => new NotPlain(path.at(depth), packable, kindOf(value))

  const walker: Walker = { path, walk, check }

  return (state) => {
    try {
      return walk(state, 0)
    } finally {
      numbering.forget()
    }
  }
}

interface Walker {
  readonly path: StatePath
  /** The plain form of a part that lies at `depth`. */
  readonly walk: (part: unknown, depth: number) => unknown
  /** Throws `NotPlain` where what lies at `depth` has an odd property. */
  readonly check: (odd: OddProperty | undefined, depth: number) => void
}

function plainArray(array: unknown[], depth: number, { path, walk, check }: Walker): unknown[] {
  let copy: unknown[] | undefined
  let holes = 0
  for (let at = 0; at < array.length; at++) {
    path.step(depth, 'index', at)
    const part = array[at]
    const isHole = part === undefined && !Object.hasOwn(array, at)
    if (isHole) holes++
    const plain = isHole ? special(tags.hole) : walk(part, depth + 1)
    if (Object.is(plain, part)) continue
    copy ??= array.slice()
    copy[at] = plain
  }
  check(propertyBesideElements(array, array.length - holes), depth)
  return copy ?? array
}

function plainMap(map: Map<unknown, unknown>, depth: number, { path, walk }: Walker): Set<unknown[]> {
  const parts: unknown[] = [tags.map]
  let at = 0
  for (const [key, part] of map) {
    path.step(depth, 'key', at++)
    parts.push(walk(key, depth + 1))
    path.step(depth, 'value', key)
    parts.push(walk(part, depth + 1))
  }
  return new Set([parts])
}

function plainSet(set: Set<unknown>, depth: number, { path, walk }: Walker): Set<unknown[]> {
  const parts: unknown[] = [tags.set]
  let at = 0
  for (const member of set) {
    path.step(depth, 'member', at++)
    parts.push(walk(member, depth + 1))
  }
  return new Set([parts])
}

const packable =
  'what a state may be made of: primitives, plain objects, arrays, Map, Set, StateMap, StateSet, Date, RegExp, ' +
  'Buffer, ArrayBuffer, typed arrays, or a serde for the state partition'
