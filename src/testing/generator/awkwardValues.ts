import fc from 'fast-check'

/**
 * Values with a part that serializers tend to overlook, inside plain ones: properties of arrays, Maps, Sets, Dates,
 * RegExps, bytes; accessors, properties that are not enumerable or cannot be written, names that are symbols or
 * `__proto__`; frozen and sealed objects; instances of subclasses; `arguments`, boxed values, functions with
 * properties, objects without prototype, holes, `-0`, lone surrogates. For `serdeLosesNothing` with `mayRefuse`.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { awkwardValues, serdeLosesNothing } from 'wallarx/testing'
 *
 * const json = {
 *   serialize: (state: unknown) => Buffer.from(JSON.stringify({ state })),
 *   deserialize: (bytes: Uint8Array) => (JSON.parse(String(bytes)) as { state: unknown }).state,
 * }
 * const states = awkwardValues()
 * await assert.rejects(serdeLosesNothing(() => json, { states, mayRefuse: true }), { code: 'LAW_BROKEN' })
 * ```
 */
export function awkwardValues(): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown; plain: unknown }>((tie) => ({
    plain: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>(undefined, null, true, 0, -0, NaN, 1.5, 2n ** 70n, '', 'text', '\ud800', '\ufeffx'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '\udc00'), tie('value'), { maxKeys: 3 }),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 3 }).map((members) => new Set(members)),
    ),
    value: fc.oneof(
      { maxDepth: 3 },
      { weight: 2, arbitrary: tie('plain') },
      fc.tuple(host, oddity, tie('plain')).map(([make, change, part]) => change(make(part), part)),
      fc.tuple(fc.constantFrom(...strange), tie('plain')).map(([make, part]) => make(part)),
    ),
  }))
  return value
}

class Extended extends Array<unknown> {}
class Keyed extends Map<unknown, unknown> {}
class Members extends Set<unknown> {}
class Later extends Date {}
class Bytes extends Uint8Array {}
class Account {
  readonly balance: unknown
  constructor(balance: unknown) {
    this.balance = balance
  }
}

/** Objects that may be given a property that nobody expects. */
const hosts: readonly ((part: unknown) => object)[] = [
  (part) => ({ part }),
  (part) => [part],
  (part) => Array.from({ length: 70 }, () => part),
  (part) => new Map([[part, 1]]),
  (part) => new Set([part]),
  () => new Date(5),
  () => /a/g,
  () => Buffer.from('abc'),
  () => Buffer.alloc(100, 1),
  () => new Float64Array([1, -0]),
  () => new ArrayBuffer(3),
  () => new DataView(new ArrayBuffer(2)),
  () => Object.create(null) as object,
]
const host = fc.constantFrom(...hosts)

const define = (object: object, name: PropertyKey, descriptor: PropertyDescriptor): object =>
  Reflect.defineProperty(object, name, descriptor) ? object : {}

/** What makes an object another one than it seems to be. */
const oddities: readonly ((object: object, part: unknown) => object)[] = [
  (object) => object,
  (object, part) => define(object, 'x', { value: part, enumerable: true, writable: true, configurable: true }),
  (object, part) => define(object, 'hidden', { value: part, writable: true, configurable: true }),
  (object, part) => define(object, 'readOnly', { value: part, enumerable: true, configurable: true }),
  (object, part) => define(object, 'kept', { value: part, enumerable: true, writable: true }),
  (object, part) => define(object, 'accessor', { get: () => part, enumerable: true, configurable: true }),
  (object, part) =>
    define(object, Symbol('odd'), { value: part, enumerable: true, writable: true, configurable: true }),
  (object, part) => define(object, Symbol.for('hidden'), { value: part, writable: true, configurable: true }),
  (object) => Object.preventExtensions(object),
  (object) => (ArrayBuffer.isView(object) ? Object.preventExtensions(object) : Object.seal(object)),
  (object) => (ArrayBuffer.isView(object) ? object : Object.freeze(object)),
]
const oddity = fc.constantFrom(...oddities)

/** What is not what it seems to be from the beginning. */
const strange: readonly ((part: unknown) => unknown)[] = [
  (part) => Extended.from([part]),
  (part) => new Keyed([[1, part]]),
  (part) => new Members([part]),
  () => new Later(7),
  () => new Bytes(2),
  (part) => new Account(part),
  (part) => Object.assign(() => part, { part }),
  (part) => Object.assign(new Error('failed'), { part }),
  (part) =>
    (function arguments_(..._parts: unknown[]): unknown {
      // eslint-disable-next-line prefer-rest-params -- the object itself is what is odd here
      return arguments
    })(part, 1),
  (part) => Object(typeof part === 'object' ? 5 : (part ?? 5)) as unknown,
  (part) => Object.create({ inherited: part }) as unknown,
  (part) => [, part, ,],
  () => Object.assign(/a/g, { lastIndex: -0 }),
  () => Object.assign(/a/g, { lastIndex: { valueOf: () => 1 } }),
  () => /-/.exec('a-b'),
  () => new Uint8Array(new SharedArrayBuffer(2)),
  () => Symbol('alone'),
  () => ((strings: TemplateStringsArray) => strings)`a template`,
]
