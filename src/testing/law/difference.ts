import { inspect, isDeepStrictEqual } from 'node:util'

/**
 * Where two values differ, as a noun phrase (`outputs[2].at: -0 in place of 0`); `undefined` where they do not. Tells
 * apart what loose comparisons do not: `undefined` from absent, `-0` from `0`, one class from another, `1n` from `1`,
 * the order of a Map or Set; `NaN` is `NaN`, and an invalid Date is one. Of a class with private fields it sees what
 * enumerable properties show.
 */
export function difference(got: unknown, expected: unknown, path = '$'): string | undefined {
  return differing(got, expected, path, new Map())
}

const absent = Symbol('nothing')

function differing(got: unknown, expected: unknown, path: string, met: Map<unknown, unknown>): string | undefined {
  const here = `${path}: ${shownValue(got)} in place of ${shownValue(expected)}`
  if (Object.is(got, expected)) return undefined
  if (!isObject(got) || !isObject(expected)) return here
  if (met.get(expected) === got) return undefined // being compared already, further up
  met.set(expected, got)
  if (Object.getPrototypeOf(got) !== Object.getPrototypeOf(expected)) return here

  const parts = (
    one: readonly unknown[],
    other: readonly unknown[],
    at: (index: number) => string,
  ): string | undefined => {
    for (let index = 0; index < Math.max(one.length, other.length); index++) {
      const partGot = index < one.length ? one[index] : absent
      const partExpected = index < other.length ? other[index] : absent
      const found = differing(partGot, partExpected, at(index), met)
      if (found !== undefined) return found
    }
    return undefined
  }

  const areDense = isDense(got) && isDense(expected)
  return contentDifference() ?? ownDifference()

  /** In what it holds besides properties. */
  function contentDifference(): string | undefined {
    if (got instanceof Date) return Object.is(got.getTime(), (expected as Date).getTime()) ? undefined : here
    if (got instanceof RegExp) {
      const [one, other] = [got, expected as RegExp]
      return String(one) === String(other) && Object.is(one.lastIndex, other.lastIndex) ? undefined : here
    }
    const bytes = bytesIn(got as object)
    if (bytes !== undefined) return bytes.equals(bytesIn(expected as object)!) ? undefined : here
    if (got instanceof Number || got instanceof String || got instanceof Boolean) {
      return Object.is(got.valueOf(), (expected as object).valueOf()) ? undefined : here
    }
    if (got instanceof Map) return entriesDifference([...(got as Map<unknown, unknown>)])
    if (got instanceof Set) {
      return parts([...got], [...(expected as Set<unknown>)], (index) => `${path}.values()[${index}]`)
    }
    if (Array.isArray(got) && areDense) {
      return parts(got, expected as unknown[], (index) => `${path}[${index}]`)
    }
    if (got instanceof Error && got.message !== (expected as Error).message) return here
    return Array.isArray(got) && got.length !== (expected as unknown[]).length ? here : undefined
  }

  function entriesDifference(one: readonly (readonly [unknown, unknown])[]): string | undefined {
    const other = [...(expected as Map<unknown, unknown>)]
    const key = (index: number): string => shownValue((other[index] ?? one[index])![0])
    return (
      parts(
        one.map(([key]) => key),
        other.map(([key]) => key),
        (index) => `${path}.keys()[${index}]`,
      ) ??
      parts(
        one.map(([, value]) => value),
        other.map(([, value]) => value),
        (index) => `${path}.get(${key(index)})`,
      )
    )
  }

  /** In its own enumerable properties, but for elements that have been compared. */
  function ownDifference(): string | undefined {
    // Bytes may be many, and to list their names takes long.
    if (ArrayBuffer.isView(got) && isDeepStrictEqual(got, expected)) return undefined
    const names = [...properties(expected as object, areDense), ...properties(got as object, areDense)]
    for (const name of new Set(names)) {
      const found = differing(
        propertyOf(got as object, name),
        propertyOf(expected as object, name),
        `${path}.${String(name)}`,
        met,
      )
      if (found !== undefined) return found
    }
    return undefined
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Is it a view of bytes, or an array with an element at each index? */
function isDense(object: unknown): boolean {
  if (!Array.isArray(object)) return ArrayBuffer.isView(object)
  for (let at = 0; at < object.length; at++) if (object[at] === undefined && !Object.hasOwn(object, at)) return false
  return true
}

function properties(object: object, besideElements: boolean): PropertyKey[] {
  const isEnumerable = (name: PropertyKey): boolean => Object.prototype.propertyIsEnumerable.call(object, name)
  return Reflect.ownKeys(object).filter((name) => !(besideElements && isIndex(name)) && isEnumerable(name))
}

const isIndex = (name: PropertyKey): boolean => typeof name === 'string' && /^(0|[1-9]\d*)$/.test(name)

const propertyOf = (object: object, name: PropertyKey): unknown =>
  Object.hasOwn(object, name) ? Reflect.get(object, name) : absent

function bytesIn(value: object): Buffer | undefined {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer ? Buffer.from(value) : undefined
}

/** A value on one line. */
export function shownValue(value: unknown): string {
  if (value === absent) return 'nothing'
  if (Buffer.isBuffer(value) && value.length <= 24) return `<${value.toString('hex')}>`
  const text = inspect(value, {
    breakLength: Infinity,
    compact: true,
    depth: 3,
    maxArrayLength: 20,
    maxStringLength: 100,
  })
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
