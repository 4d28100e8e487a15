import { StateMap } from '../../state/stateMap.ts'
import { StateSet } from '../../state/stateSet.ts'

/**
 * A state as JSON can hold it: a bigint as decimal text, a Map or StateMap as an array of [key, value], a Set or
 * StateSet and a typed array as an array, a Date as ISO text, a Buffer or ArrayBuffer as hex, a RegExp and a number
 * that JSON does not know as text, what is undefined as null, and an object inside itself as "[circular]".
 */
export function plainJson(state: unknown): unknown {
  const inside = new Set<object>()

  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (value === undefined) return null
    if (typeof value !== 'object' || value === null) return value
    if (inside.has(value)) return '[circular]'
    inside.add(value)
    try {
      return plainObject(value)
    } finally {
      inside.delete(value)
    }
  }

  const plainObject = (value: object): unknown => {
    if (value instanceof Map || value instanceof StateMap) {
      return Array.from(value as Map<unknown, unknown>, ([key, one]) => [plain(key), plain(one)])
    }
    if (value instanceof Set || value instanceof StateSet || Array.isArray(value)) {
      return Array.from(value as Iterable<unknown>, plain)
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (value instanceof RegExp) return String(value)
    if (value instanceof ArrayBuffer) return Buffer.from(value).toString('hex')
    if (Buffer.isBuffer(value)) return value.toString('hex')
    if (value instanceof DataView) {
      return Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength).toString('hex')
    }
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plain)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
  }

  return plain(state)
}
