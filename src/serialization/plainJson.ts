import { types } from 'node:util'
import { stateEntries } from '../state/entries.ts'
import { StateMap } from '../state/stateMap.ts'
import { StateSet } from '../state/stateSet.ts'

/** How much of a state is shown. */
export interface ShownMost {
  /** Values, whole and parts counted alike. Default: all */
  readonly values?: number
  /** Of one text, in characters; of bytes half as many. Default: all */
  readonly text?: number
  /** Objects inside each other. Default: any number */
  readonly depth?: number
}

/**
 * A state as JSON can hold it: a bigint as decimal text, a Map or StateMap as an array of [key, value], a Set or
 * StateSet and a typed array as an array, a Date as ISO text, a Buffer or ArrayBuffer as hex, a RegExp, an Error and a
 * number that JSON does not know as text, what is undefined as null, and an object inside itself as "[circular]". What
 * is left out is said in its place, in a text that begins with "…".
 *
 * It changes nothing, and runs no code of the state: an accessor, a function and a Proxy are shown as what they are.
 * Entries of a StateMap that are not in memory are read, and do not stay there.
 */
export function plainJson(
  state: unknown,
  { values = Infinity, text = Infinity, depth = Infinity }: ShownMost = {},
): unknown {
  const inside = new Set<object>()
  let room = values

  const cut = (whole: string): string =>
    whole.length <= text ? whole : `${whole.slice(0, text)}… ${whole.length - text} more characters`

  const plain = (value: unknown): unknown => {
    room--
    switch (typeof value) {
      case 'bigint':
        return cut(value.toString())
      case 'number':
        return Number.isFinite(value) ? value : String(value)
      case 'string':
        return cut(value)
      case 'undefined':
        return null
      case 'function':
        return '[function]'
      case 'symbol':
        return cut(String(value))
      case 'boolean':
        return value
      default:
        return value === null ? null : nested(value as object)
    }
  }

  const nested = (value: object): unknown => {
    if (types.isProxy(value)) return '[Proxy]'
    if (inside.has(value)) return '[circular]'
    if (inside.size >= depth) return '… deeper'
    inside.add(value)
    try {
      return plainObject(value)
    } finally {
      inside.delete(value)
    }
  }

  /** As many of the parts as there is room for. */
  const list = <Part>(parts: Iterable<Part>, size: number, show: (part: Part) => unknown): unknown[] => {
    const shown: unknown[] = []
    if (size === 0) return shown
    for (const part of parts) {
      if (room <= 0) {
        shown.push(`… ${size - shown.length} more`)
        break
      }
      shown.push(show(part))
    }
    return shown
  }

  const pair = ([key, value]: readonly [unknown, unknown]): unknown => [plain(key), plain(value)]

  const hex = (bytes: Buffer): string => {
    const most = Math.floor(text / 2)
    if (bytes.length <= most) return bytes.toString('hex')
    return `${bytes.toString('hex', 0, most)}… ${bytes.length - most} more bytes`
  }

  const plainObject = (value: object): unknown => {
    if (value instanceof StateMap) {
      const entries = (value as StateMap<never, unknown>)[stateEntries]
      return list(entries.peek(room), entries.size, (entry) => pair([entry.key, entry.value]))
    }
    if (value instanceof StateSet) {
      const entries = (value as StateSet<never>)[stateEntries]
      return list(entries.peek(room), entries.size, ({ key }) => plain(key))
    }
    if (types.isMap(value)) return list(Map.prototype.entries.call(value), sizeOf(Map, value), pair)
    if (types.isSet(value)) return list(Set.prototype.values.call(value), sizeOf(Set, value), plain)
    if (Array.isArray(value)) return list(elements(value), value.length, plain)
    if (types.isDate(value)) return dateText(value)
    if (types.isRegExp(value)) return cut(RegExp.prototype.toString.call(value))
    if (types.isNativeError(value)) return cut(Error.prototype.toString.call(value))
    if (types.isAnyArrayBuffer(value)) return hex(Buffer.from(value as ArrayBuffer))
    if (ArrayBuffer.isView(value)) {
      if (!Buffer.isBuffer(value) && !types.isDataView(value)) {
        const numbers = value as unknown as ArrayLike<unknown>
        return list(elements(numbers), numbers.length, plain)
      }
      return hex(Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength))
    }
    return record(value)
  }

  const record = (value: object): Record<string, unknown> => {
    const shown: [string, unknown][] = []
    const names = Object.keys(value)
    for (const name of names) {
      if (room <= 0) {
        shown.push(['…', `${names.length - shown.length} more`])
        break
      }
      const property = Object.getOwnPropertyDescriptor(value, name)!
      shown.push([cut(name), 'value' in property ? plain(property.value) : '[accessor]'])
    }
    return Object.fromEntries(shown)
  }

  return plain(state)
}

/** Without calling an iterator that the state may have of its own. */
function* elements(array: ArrayLike<unknown>): Generator<unknown, void> {
  for (let at = 0; at < array.length; at++) {
    const property = Object.getOwnPropertyDescriptor(array, at)
    yield property === undefined || 'value' in property ? property?.value : '[accessor]'
  }
}

function sizeOf(of: typeof Map | typeof Set, value: object): number {
  return Reflect.get(of.prototype, 'size', value)
}

function dateText(date: Date): string {
  const time = Date.prototype.getTime.call(date)
  return Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString()
}
