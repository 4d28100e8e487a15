import { isWellFormed } from './isWellFormed.ts'
import { stateEntries, type StateEntries } from './stateEntries.ts'
import { StateMap } from './stateMap.ts'
import { createStatePath } from './statePath.ts'
import { StateSet } from './stateSet.ts'

/**
 * What msgpackr carries faithfully, and how everything else in a state is written with it:
 *
 *   plain   := undefined | null | true | false | number | bigint | text | Date | Buffer | [plain …] | {text: plain …}
 *            | special
 *   text    := a string without lone surrogates that does not begin with U+FEFF; as a name not "__proto__" either
 *   number  := a number but -0
 *   special := Set([[tag, …]])                   a Set of one array; no other Set is ever written
 *
 *   0 n                    what was met as the nth object (see below): it is shared, or contains itself
 *   1 plain …              Set
 *   2 (plain plain) …      Map: keys and values by turns
 *   3 bare (plain plain) … object with a name that is no text, or (bare is true) without prototype: names and values
 *   4                      a hole of an array
 *   5                      -0
 *   6 Buffer               string, UTF-16 in little endian
 *   7 text Buffer          ArrayBuffer, DataView or typed array: its class and its bytes, in the order of this machine
 *   8 plain plain number   RegExp: source, flags and lastIndex
 *   9 id size nextOrder    StateMap; its entries are elsewhere
 *   10 id size nextOrder   StateSet
 *
 * Objects are counted as they are met, a whole before its parts, parts in the order that they are written. What needs no
 * change is not copied, so that plain objects and arrays cost no more than a look at each value.
 *
 * What msgpackr does to the rest when it is left alone, version 2.1.3: -0 becomes 0, a lone surrogate or a U+FEFF at the
 * start of more than 64 bytes is lost, "__proto__" becomes "__proto_", an instance of a class a plain object, a function
 * undefined, a shared object two. Its option structuredClone cures the last alone, and takes as long as all this. Extensions
 * of our own would be there for everyone in the process who uses msgpackr.
 */
const tags = {
  reference: 0,
  set: 1,
  map: 2,
  object: 3,
  hole: 4,
  negativeZero: 5,
  utf16: 6,
  bytes: 7,
  regExp: 8,
  stateMap: 9,
  stateSet: 10,
} as const

/** Deeper states are refused: msgpackr runs out of stack from 500 Maps or 1,450 arrays inside each other on. */
const deepestState = 200

/** Something in a state that cannot be carried. */
export class NotPlain extends Error {
  readonly path: string
  readonly expected: string
  readonly got: string

  constructor(path: string, expected: string, got: string) {
    super(`${path}: ${got}`)
    this.path = path
    this.expected = expected
    this.got = got
  }
}

/** What to do with a StateMap or StateSet that is met; `path` is asked for only where it is needed. Returns its id. */
export type OnEntries = (entries: StateEntries<unknown>, path: () => string) => number

/** Makes a StateMap's or StateSet's entries those that were packed. */
export type OnRestore = (
  entries: StateEntries<unknown>,
  packed: { readonly id: number; readonly size: number; readonly nextOrder: number },
) => void

/**
 * Gives the plain form of one state after the other, which shares with the state what is the same in both. What it returns
 * throws `NotPlain` and what `onEntries` throws.
 */
export function plainForms(onEntries: OnEntries): (state: unknown) => unknown {
  // The common state is one object with nothing but primitives in it: only a second object needs a table.
  let first: object | undefined
  let numbers: Map<object, number> | undefined
  const path = createStatePath()

  /** The number of an object that has been met before. */
  const meet = (value: object): number | undefined => {
    if (first === undefined) {
      first = value
      return undefined
    }
    numbers ??= new Map([[first, 0]])
    const known = numbers.get(value)
    if (known === undefined) numbers.set(value, numbers.size)
    return known
  }

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
    const known = meet(value)
    if (known !== undefined) return special(tags.reference, known)
    if (depth > deepestState) {
      throw new NotPlain(path.at(depth), `a state of at most ${deepestState} objects inside each other`, 'a deeper one')
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    switch (prototype) {
      case Object.prototype:
        return walkRecord(value as Record<string, unknown>, depth, false)
      case Array.prototype:
        return walkArray(value as unknown[], depth)
      case Map.prototype:
        return walkMap(value as Map<unknown, unknown>, depth)
      case Set.prototype:
        return walkSet(value as Set<unknown>, depth)
      case Date.prototype:
      case Buffer.prototype:
        return value
      case null:
        return walkRecord(value as Record<string, unknown>, depth, true)
      case RegExp.prototype: {
        const { source, flags, lastIndex } = value as RegExp
        return special(tags.regExp, walk(source, depth), flags, lastIndex)
      }
      case StateMap.prototype:
        return walkEntries(tags.stateMap, (value as StateMap<never, unknown>)[stateEntries], depth)
      case StateSet.prototype:
        return walkEntries(tags.stateSet, (value as StateSet<never>)[stateEntries], depth)
    }
    const name = classOfBytes(prototype)
    if (name === undefined) throw refused(value, depth)
    return special(tags.bytes, name, Buffer.from(bytesOf(value as ArrayBuffer | ArrayBufferView)))
  }

  const walkRecord = (value: Record<string, unknown>, depth: number, bare: boolean): unknown => {
    const names = Object.keys(value)
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue
      path.step(depth, 'property', symbol)
      throw new NotPlain(path.at(depth + 1), packable, 'a property whose name is a symbol')
    }
    if (bare || !names.every(isName)) {
      const parts: unknown[] = [tags.object, bare]
      for (const name of names) {
        path.step(depth, 'property', name)
        parts.push(walk(name, depth + 1), walk(value[name], depth + 1))
      }
      return new Set([parts])
    }
    let copy: Record<string, unknown> | undefined
    for (const name of names) {
      path.step(depth, 'property', name)
      const part = value[name]
      const plain = walk(part, depth + 1)
      if (Object.is(plain, part)) continue
      copy ??= { ...value }
      copy[name] = plain
    }
    return copy ?? value
  }

  const walkArray = (value: unknown[], depth: number): unknown => {
    let copy: unknown[] | undefined
    for (let at = 0; at < value.length; at++) {
      path.step(depth, 'index', at)
      const part = value[at]
      const plain = part === undefined && !(at in value) ? special(tags.hole) : walk(part, depth + 1)
      if (Object.is(plain, part)) continue
      copy ??= value.slice()
      copy[at] = plain
    }
    return copy ?? value
  }

  const walkMap = (value: Map<unknown, unknown>, depth: number): unknown => {
    const parts: unknown[] = [tags.map]
    let at = 0
    for (const [key, part] of value) {
      path.step(depth, 'key', at++)
      parts.push(walk(key, depth + 1))
      path.step(depth, 'value', key)
      parts.push(walk(part, depth + 1))
    }
    return new Set([parts])
  }

  const walkSet = (value: Set<unknown>, depth: number): unknown => {
    const parts: unknown[] = [tags.set]
    let at = 0
    for (const member of value) {
      path.step(depth, 'member', at++)
      parts.push(walk(member, depth + 1))
    }
    return new Set([parts])
  }

  const walkEntries = (tag: number, entries: StateEntries<unknown>, depth: number): unknown => {
    const id = onEntries(entries, () => path.at(depth))
    return special(tag, id, entries.size, entries.nextOrder)
  }

  const refused = (value: unknown, depth: number): NotPlain => new NotPlain(path.at(depth), packable, kindOf(value))

  return (state) => {
    try {
      return walk(state, 0)
    } finally {
      first = numbers = undefined
    }
  }
}

/** The state whose plain form this is; takes it apart and uses its parts. Throws anything where it is none. */
export function fromPlain(form: unknown, onRestore: OnRestore): unknown {
  const met: object[] = []

  const meet = <Value extends object>(value: Value): Value => {
    met.push(value)
    return value
  }

  const restore = (plain: unknown): unknown => {
    if (typeof plain !== 'object' || plain === null) return plain
    switch (Object.getPrototypeOf(plain)) {
      case Object.prototype:
        return restoreRecord(meet(plain as Record<string, unknown>))
      case Array.prototype:
        return restoreArray(meet(plain as unknown[]))
      case Date.prototype:
      case Buffer.prototype:
        return meet(plain)
      case Set.prototype: {
        const [parts] = plain as Set<unknown[]>
        return restoreSpecial(parts!)
      }
      default:
        throw new TypeError('an object that is never packed')
    }
  }

  const restoreRecord = (plain: Record<string, unknown>): unknown => {
    for (const name of Object.keys(plain)) {
      const part = plain[name]
      if (typeof part === 'object' && part !== null) plain[name] = restore(part)
    }
    return plain
  }

  const restoreArray = (plain: unknown[]): unknown => {
    for (let at = 0; at < plain.length; at++) {
      const part = plain[at]
      if (typeof part !== 'object' || part === null) continue
      const restored = restore(part)
      if (restored === hole) Reflect.deleteProperty(plain, at)
      else plain[at] = restored
    }
    return plain
  }

  const restoreSpecial = (parts: unknown[]): unknown => {
    switch (parts[0]) {
      case tags.reference: {
        const shared = met[parts[1] as number]
        if (shared === undefined) throw new RangeError('a reference to an object that is not there')
        return shared
      }
      case tags.set: {
        const set = meet(new Set())
        for (let at = 1; at < parts.length; at++) set.add(restore(parts[at]))
        return set
      }
      case tags.map: {
        const map = meet(new Map())
        for (let at = 1; at < parts.length; at += 2) map.set(restore(parts[at]), restore(parts[at + 1]))
        return map
      }
      case tags.object: {
        const object = meet((parts[1] === true ? Object.create(null) : {}) as object)
        for (let at = 2; at < parts.length; at += 2) {
          // An assignment to "__proto__" would set the prototype.
          Object.defineProperty(object, restore(parts[at]) as string, {
            value: restore(parts[at + 1]),
            configurable: true,
            enumerable: true,
            writable: true,
          })
        }
        return object
      }
      case tags.hole:
        return hole
      case tags.negativeZero:
        return -0
      case tags.utf16:
        return (parts[1] as Buffer).toString('utf16le')
      case tags.bytes:
        return meet(ofBytes(parts[1] as string, parts[2] as Buffer))
      case tags.regExp: {
        const expression = meet(new RegExp(restore(parts[1]) as string, parts[2] as string))
        expression.lastIndex = parts[3] as number
        return expression
      }
      case tags.stateMap:
        return restoreEntries(new StateMap(), parts)
      case tags.stateSet:
        return restoreEntries(new StateSet(), parts)
      default:
        throw new RangeError('a tag that is never packed')
    }
  }

  const restoreEntries = (whole: StateMap<never, unknown> | StateSet<never>, parts: unknown[]): unknown => {
    const [, id, size, nextOrder] = parts as number[]
    onRestore(whole[stateEntries], { id: id!, size: size!, nextOrder: nextOrder! })
    return meet(whole)
  }

  const restored = restore(form)
  if (restored === hole) throw new RangeError('a hole outside an array')
  return restored
}

const hole = Symbol('hole')

const packable =
  'what a state may be made of: primitives, plain objects, arrays, Map, Set, StateMap, StateSet, Date, RegExp, Buffer, ' +
  'ArrayBuffer, typed arrays, or a serde for the state partition'

const special = (...parts: unknown[]): Set<unknown[]> => new Set([parts])

/** Does msgpackr give this string back as it is? */
function isText(text: string): boolean {
  return isWellFormed(text) && text.charCodeAt(0) !== 0xfeff
}

const isName = (name: string): boolean => isText(name) && name !== '__proto__'

/** Classes of bytes by name. The machine may have one that another has not: Float16Array. */
const byteClasses = [
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

type ByteClass = new (bytes: ArrayBuffer) => ArrayBuffer | ArrayBufferView

function byteClass(name: string): ByteClass | undefined {
  if (!(byteClasses as readonly string[]).includes(name)) return undefined
  return (globalThis as unknown as Record<string, ByteClass | undefined>)[name]
}

function classOfBytes(prototype: unknown): string | undefined {
  return byteClasses.find((name) => byteClass(name)?.prototype === prototype)
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value)
}

function ofBytes(name: string, bytes: Buffer): ArrayBuffer | ArrayBufferView {
  const Class = byteClass(name)
  if (Class === undefined) throw new RangeError(`the class ${name}, which this version of Node does not have`)
  const copy = new Uint8Array(bytes).buffer
  return name === 'ArrayBuffer' ? copy : new Class(copy)
}

function kindOf(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `a function ${value.name}`
  if (typeof value === 'symbol') return `the ${String(value)}`
  const maker: unknown = (value as { constructor?: unknown }).constructor
  return typeof maker === 'function' && maker.name !== '' ? `an instance of ${maker.name}` : 'an instance of a class'
}
