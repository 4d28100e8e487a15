import { inspect, isDeepStrictEqual } from 'node:util'

/*
 * What of an object is not its content, and what most serializers therefore never look at: properties of a Map, a Date
 * or an array besides its elements, accessors, what cannot be enumerated or written, and whether it takes further
 * properties.
 */

/** A property that has no place in a state, and what it is instead of one that has. */
export interface OddProperty {
  readonly name: PropertyKey
  readonly got: string
}

/** 0: takes further properties; 1: takes none; 2: sealed; 3: frozen. */
export type FixedLevel = 0 | 1 | 2 | 3

export function fixedLevel(value: object): FixedLevel {
  if (Object.isExtensible(value)) return 0
  if (Object.isFrozen(value)) return 3
  return Object.isSealed(value) ? 2 : 1
}

/** Makes it take no further properties, as it was at that level. */
export function fix(value: object, level: number): void {
  if (level === 3) Object.freeze(value)
  else if (level === 2) Object.seal(value)
  else Object.preventExtensions(value)
}

/** What a property of a plain object is that is no enumerable value as its object's level has them. */
export function oddProperty(object: object, name: string, level: FixedLevel): OddProperty | undefined {
  const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(object, name)!
  if (writable === undefined) return { name, got: 'an accessor' }
  if (enumerable !== true) return { name, got: 'a property that is not enumerable' }
  if (writable !== level < 3) return { name, got: 'a property that cannot be written' }
  if (configurable !== level < 2) return { name, got: 'a property that cannot be configured' }
  return undefined
}

/**
 * The last index of a RegExp, which is never enumerable, where it is no number that can be written as its level says.
 */
export function oddLastIndex(expression: object, level: FixedLevel): OddProperty | undefined {
  const name = 'lastIndex'
  const { value, writable } = Object.getOwnPropertyDescriptor(expression, name)! as {
    value: unknown
    writable: boolean
  }
  if (typeof value !== 'number') return { name, got: kindOf(value) }
  return writable === level < 3 ? undefined : { name, got: 'a property that cannot be written' }
}

/** A property whose name is a symbol. */
export function symbolProperty(object: object): OddProperty | undefined {
  const [name] = Object.getOwnPropertySymbols(object)
  return name === undefined ? undefined : { name, got: 'a property whose name is a symbol' }
}

/**
 * A property of an object that should have none, or none but `own`: a Map, Set, Date, RegExp, ArrayBuffer or DataView.
 */
export function propertyBeside(object: object, own?: string): OddProperty | undefined {
  const names = Reflect.ownKeys(object)
  if (names.length === (own === undefined ? 0 : 1)) return undefined
  return { name: names.find((name) => name !== own)!, got: `a property of ${kindOf(object)}` }
}

/** More elements than this are not counted by their names, which would take longer than packing them. */
const few = 64

/**
 * A property of an array besides its elements, of which so many are there. An accessor in the place of an element is
 * read.
 */
export function propertyBesideElements(array: readonly unknown[], elements: number): OddProperty | undefined {
  if (array.length > few) {
    // In a time that does not depend on the length. Where Node writes something else, the names decide.
    const shown = inspect(array, { showHidden: true, maxArrayLength: 0, depth: 0, customInspect: false, compact: true })
    if (shown === `[ ... ${array.length} more items, [length]: ${array.length} ]`) return undefined
  } else if (Object.getOwnPropertyNames(array).length === elements + 1) return symbolProperty(array)
  const name = Reflect.ownKeys(array).find((one) => one !== 'length' && !isIndex(one))
  return name === undefined ? undefined : { name, got: 'a property of an array' }
}

/**
 * A property of a typed array or Buffer besides its elements; `twin` is another one of its class on the same bytes.
 * With more than a few elements one that is not enumerable is not seen: nothing tells it in a time that does not depend
 * on the length.
 */
export function propertyBesideBytes(view: ArrayBufferView & ArrayLike<unknown>, twin: object): OddProperty | undefined {
  if (view.length > few) {
    if (isDeepStrictEqual(view, twin)) return undefined
  } else if (Object.getOwnPropertyNames(view).length === view.length && symbolProperty(view) === undefined) {
    return undefined
  }
  const name = Reflect.ownKeys(view).find((one) => !isIndex(one))
  return name === undefined ? undefined : { name, got: `a property of ${kindOf(view)}` }
}

const isIndex = (name: PropertyKey): boolean => typeof name === 'string' && /^(0|[1-9]\d*)$/.test(name)

/** What a value is, as a noun phrase. */
export function kindOf(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `a function ${value.name}`
  if (typeof value === 'symbol') return `the ${String(value)}`
  const maker: unknown = (value as { constructor?: unknown }).constructor
  return typeof maker === 'function' && maker.name !== '' ? `an instance of ${maker.name}` : 'an instance of a class'
}
