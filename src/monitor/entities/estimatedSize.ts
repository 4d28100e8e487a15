import { types } from 'node:util'
import { stateEntries } from '../../state/entries.ts'
import { StateMap } from '../../state/stateMap.ts'
import { StateSet } from '../../state/stateSet.ts'

/** Of more parts than this, so many are measured, and the others are taken to be like them; fewer further inside. */
const sampleAt = (depth: number): number => Math.max(1, 128 >> (2 * depth))

/** How deep it looks. */
const deepest = 8

/**
 * About how many bytes of memory a state takes: enough to tell a large one from a small one. It looks at a few parts of
 * each collection, so that it takes some microseconds whatever the size, reads nothing from a store and runs no code of
 * the state.
 */
export function estimatedSize(state: unknown): number {
  return Math.round(sizeOf(state, 0))
}

function sizeOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return 16 + 2 * value.length
    case 'bigint':
      return 24
    case 'object':
      return value === null || depth === deepest || types.isProxy(value) ? 8 : sizeOfObject(value, depth + 1)
    default:
      return 8
  }
}

function sizeOfObject(value: object, depth: number): number {
  const pair = ([key, part]: readonly [unknown, unknown]): number => 16 + sizeOf(key, depth) + sizeOf(part, depth)
  if (value instanceof StateMap || value instanceof StateSet) {
    const entries = (value as StateMap<never, unknown>)[stateEntries]
    return 64 + sampled(depth, entries.peekLoaded(), entries.size, ({ key, value: part }) => 60 + pair([key, part]))
  }
  if (types.isMap(value)) return 64 + sampled(depth, Map.prototype.entries.call(value), sizeIn(Map, value), pair)
  if (types.isSet(value)) {
    const member = (part: unknown): number => 16 + sizeOf(part, depth)
    return 64 + sampled(depth, Set.prototype.values.call(value), sizeIn(Set, value), member)
  }
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return 96 + value.byteLength
  const names = Array.isArray(value) ? undefined : Object.keys(value)
  const count = names?.length ?? (value as unknown[]).length
  const part = (at: number): number => {
    const name = names === undefined ? String(at) : names[at]!
    const property = Object.getOwnPropertyDescriptor(value, name)
    return property !== undefined && 'value' in property ? sizeOf(property.value, depth) : 8
  }
  return 32 + sampled(depth, firstNumbers(count), count, part)
}

/** The size of so many parts, by that of the first ones. */
function sampled<Part>(depth: number, parts: Iterable<Part>, count: number, measure: (part: Part) => number): number {
  if (count === 0) return 0
  let measured = 0
  let sum = 0
  for (const part of parts) {
    sum += measure(part)
    if (++measured === sampleAt(depth)) break
  }
  return measured === 0 ? 16 * count : (sum / measured) * count
}

function* firstNumbers(count: number): Generator<number, void> {
  for (let at = 0; at < count; at++) yield at
}

function sizeIn(of: typeof Map | typeof Set, value: object): number {
  return Reflect.get(of.prototype, 'size', value)
}
