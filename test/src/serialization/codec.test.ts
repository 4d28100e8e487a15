import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WallarxError } from '../../../src/base/errors.ts'
import { createStateCodec } from '../../../src/serialization/codec.ts'
import { StateMap } from '../../../src/state/stateMap.ts'
import { statePartition } from '../../../src/state/statePartition.ts'
import { StateSet } from '../../../src/state/stateSet.ts'
import { codecOf, expectSameState, noEntries, sealed, states } from './states.ts'

const codec = codecOf<unknown>()
const roundTrip = (state: unknown): unknown => codec.unpack(codec.pack(state, 1).bytes, 1, noEntries)

const thrownBy = (act: () => unknown): WallarxError => {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(WallarxError)
    return error as WallarxError
  }
  return expect.fail('nothing was thrown')
}

const corrupt = expect.objectContaining({
  code: 'STATE_CORRUPT',
  kind: 'environment',
  where: { partition: 'states', key: 1 },
})

describe('a state comes back equal', () => {
  test('whatever it is made of', () => {
    fc.assert(
      fc.property(states, (state) => expectSameState(roundTrip(state), state)),
      { numRuns: 2000 },
    )
  })

  test('whichever of its objects are one, stand in it twice or contain themselves', () => {
    const kinds = fc.constantFrom('object', 'array', 'map', 'keys', 'set', 'bare')
    const graphs = fc.array(fc.tuple(kinds, fc.array(fc.nat(7), { maxLength: 4 })), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(graphs, (graph) => {
        const nodes = graph.map(
          ([kind]): unknown[] | Set<unknown> | Map<unknown, unknown> | Record<string, unknown> => {
            if (kind === 'array') return []
            if (kind === 'map' || kind === 'keys') return new Map<unknown, unknown>()
            if (kind === 'set') return new Set()
            return (kind === 'bare' ? Object.create(null) : {}) as Record<string, unknown>
          },
        )
        for (const [from, [kind, targets]] of graph.entries()) {
          for (const [at, to] of targets.entries()) {
            const [node, target] = [nodes[from]!, nodes[to % nodes.length]]
            if (Array.isArray(node)) node[at] = target
            else if (node instanceof Map)
              node.set(...((kind === 'keys' ? [target, at] : [at, target]) as [unknown, unknown]))
            else if (node instanceof Set) node.add(target)
            else node[`to ${at}`] = target
          }
        }
        expectSameState(roundTrip(nodes[0]), nodes[0])
      }),
      { numRuns: 500 },
    )
  })

  test('also Dates, Buffers, typed arrays and RegExps that stand in it twice', () => {
    const shared = [new Date(5), Buffer.from('abc'), new Float64Array([1, -0]), /x/g, new Uint8Array(2).buffer]
    expectSameState(roundTrip([shared, ...shared]), [shared, ...shared])
  })

  test.each<[string, unknown]>([
    ['lastIndex of a RegExp', Object.assign(/a/g, { lastIndex: 3 })],
    ['an object without prototype', Object.assign(Object.create(null), { a: -0 })],
    ['a name __proto__', JSON.parse('{"__proto__": {"a": 1}, "__proto_": 2}')],
    ['an array of 100,000', Array.from({ length: 100_000 }, (_, at) => at)],
    ['an object of 100,000 names', Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`n${at}`, at]))],
    [
      'an object of 100,000 odd names',
      Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`\ud800${at}`, at])),
    ],
    ['a Map of 100,000', new Map(Array.from({ length: 100_000 }, (_, at) => [at, { at }]))],
    ['a bigint of 200,000 bits', -(2n ** 200_000n) + 12345n],
    ['a string of a megabyte', 'ü'.repeat(500_000)],
    ['4 MB of bytes', Buffer.alloc(4_000_000, 7)],
  ])('%s', (_, state) => expectSameState(roundTrip(state), state))

  test('a class of bytes that only newer versions of Node have', ({ skip }) => {
    const Float16Array = (globalThis as unknown as { Float16Array?: typeof Float32Array }).Float16Array
    if (Float16Array === undefined) return skip('this version has no Float16Array')
    expectSameState(roundTrip(new Float16Array([1.5, -0])), new Float16Array([1.5, -0]))
  })

  test.each([
    ['arrays', (inner: unknown) => [inner]],
    ['objects', (inner: unknown) => ({ inner })],
    ['Maps', (inner: unknown) => new Map([['inner', inner]])],
    ['keys', (inner: unknown) => new Map([[inner, 1]])],
    ['Sets', (inner: unknown) => new Set([inner])],
  ])('200 %s inside each other; more are refused', (_, around) => {
    let state: unknown = {}
    for (let depth = 0; depth < 200; depth++) state = around(state)
    const packed = codec.pack(state, 1)
    expect(codec.pack(codec.unpack(packed.bytes, 1, noEntries), 1)).toEqual(packed)
    const { code, expected } = thrownBy(() => codec.pack(around(state), 1))
    expect([code, expected]).toEqual(['STATE_NOT_SERIALIZABLE', 'a state of at most 200 objects inside each other'])
  })

  test('also where msgpackr does without its native part', () => {
    const program = `
      import assert from 'node:assert'
      import { isNativeAccelerationEnabled } from 'msgpackr'
      import { createStateCodec } from './src/serialization/codec.ts'
      assert.equal(isNativeAccelerationEnabled, false)
      const codec = createStateCodec({ name: 'states' })
      const texts = ['\\ufeff' + 'x'.repeat(100), 'ü'.repeat(100), 'x'.repeat(5000), '\\u{1f600}', '\\ud800']
      assert.deepEqual(codec.unpack(codec.pack(texts, 1).bytes, 1), texts)
    `
    const { stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { ...process.env, MSGPACKR_NATIVE_ACCELERATION_DISABLED: 'true' },
    })
    expect(stderr).toBe('')
  })

  test('and is left as it was', () => {
    const state = Object.freeze({ zero: -0, list: Object.freeze([-0, Object.freeze(new Map([[1, -0]]))]) })
    expectSameState(roundTrip(state), state)
  })
})

describe('what cannot be carried is named by its path', () => {
  class Account {
    readonly balance = 5
  }
  const refused: [string, () => unknown, string][] = [
    ['a function', () => function handler() {}, 'a function handler'],
    ['a class', () => Account, 'a function Account'],
    ['a symbol', () => Symbol('it'), 'the Symbol(it)'],
    ['an instance of a class', () => new Account(), 'an instance of Account'],
    ['a Promise', () => Promise.resolve(), 'an instance of Promise'],
    ['a WeakMap', () => new WeakMap(), 'an instance of WeakMap'],
    ['a WeakRef', () => new WeakRef({}), 'an instance of WeakRef'],
    ['an Error', () => new RangeError('far'), 'an instance of RangeError'],
    ['a boxed number', () => Object(5) as unknown, 'an instance of Number'],
    ['a SharedArrayBuffer', () => new SharedArrayBuffer(1), 'an instance of SharedArrayBuffer'],
    ['a subclass of Map', () => new (class Totals extends Map {})(), 'an instance of Totals'],
    ['a subclass of Array', () => new (class Orders extends Array {})(), 'an instance of Orders'],
    ['a subclass of Date', () => new (class Day extends Date {})(), 'an instance of Day'],
    ['a subclass of StateMap', () => new (class Totals extends StateMap<string, number> {})(), 'an instance of Totals'],
    [
      'an object of a prototype',
      () => Object.create(Object.create(null) as object) as unknown,
      'an instance of a class',
    ],
    ['a generator', () => (function* all() {})(), 'an instance of a class'],
  ]
  const step = fc.oneof(
    fc
      .constantFrom('orders', 'ß', '$a_1')
      .map((name) => ({ text: `.${name}`, around: (inner: unknown) => ({ a: 0, [name]: inner }) })),
    fc.constantFrom('two words', '', '1', '__proto__ ').map((name) => ({
      text: `[${JSON.stringify(name)}]`,
      around: (inner: unknown) => ({ [name]: inner }),
    })),
    fc
      .nat(3)
      .map((at) => ({ text: `[${at}]`, around: (inner: unknown) => [...Array.from({ length: at }), inner, -0] })),
    fc.constantFrom<[unknown, string]>(['x', '"x"'], [5, '5'], [7n, '7n'], [null, 'null']).map(([key, text]) => ({
      text: `.get(${text})`,
      around: (inner: unknown) =>
        new Map([
          ['other', {}],
          [key, inner],
        ]),
    })),
    fc.nat(2).map((at) => ({
      text: `.keys()[${at}]`,
      around: (inner: unknown) =>
        new Map([...Array.from({ length: at }, (_, key) => [key, []]), [inner, 1]] as [unknown, unknown][]),
    })),
    fc.nat(2).map((at) => ({
      text: `.values()[${at}]`,
      around: (inner: unknown) => new Set([...Array.from({ length: at }, (_, key) => key), inner]),
    })),
  )

  test.each(refused)('%s', (_, make, got) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), (steps) => {
        const state = steps.reduceRight((inner, { around }) => around(inner), make())
        const error = thrownBy(() => codec.pack(state, 7n))
        expect(error).toMatchObject({
          code: 'STATE_NOT_SERIALIZABLE',
          kind: 'user code',
          got,
          where: { partition: 'states', key: 7n, path: `$${steps.map(({ text }) => text).join('')}` },
        })
        expect(error.message).toMatch(/^expected what a state may be made of: .*\(partition: states, key: 7, path: \$/)
      }),
      { numRuns: 40 },
    )
  })

  test('a property whose name is a symbol', () => {
    expect(thrownBy(() => codec.pack({ list: [{ [Symbol('hidden')]: 1 }] }, 1)).where.path).toBe(
      '$.list[0][Symbol(hidden)]',
    )
  })

  test('a value that throws when it is looked at, with its error as the cause', () => {
    const cause = new Error('not now')
    const state = new Proxy(
      {},
      {
        ownKeys: () => {
          throw cause
        },
      },
    )
    expect(thrownBy(() => codec.pack(state, 1))).toMatchObject({ code: 'STATE_NOT_SERIALIZABLE', cause })
  })

  test('and the next state is packed as if nothing had been', () => {
    thrownBy(() => codec.pack([{}, {}, () => {}], 1))
    expectSameState(roundTrip([{}, {}]), [{}, {}])
  })
})

describe('bytes that are not what was packed are STATE_CORRUPT', () => {
  const samples = [{ words: ['a', 'b'], at: new Date(5), of: new Map([['x', -0]]) }, 5, 'text', Buffer.alloc(300)]

  test('cut off anywhere, or with bytes behind', () => {
    for (const state of samples) {
      const { bytes } = codec.pack(state, 1)
      for (let end = 0; end < bytes.length; end++) {
        expect(() => codec.unpack(bytes.subarray(0, end), 1, noEntries)).toThrow(corrupt)
      }
      expect(() => codec.unpack(Buffer.concat([bytes, Buffer.of(0)]), 1, noEntries)).toThrow(corrupt)
    }
  })

  test('with any bit flipped', () => {
    for (const state of samples) {
      const bytes = Buffer.from(codec.pack(state, 1).bytes)
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect(() => codec.unpack(bytes, 1, noEntries)).toThrow(corrupt)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
    }
  })

  test.each([
    ['byte 0xc1', '9200c1'],
    ['no pair', '91c0'],
    ['a pair that does not begin with a number', '92c0c0'],
    ['bytes behind the pair', '920000ff'],
    ['an array that announces four billion', '9200ddffffffff'],
    ['a tag that is never written', '9200d473009163'],
    ['a Set as msgpackr writes it', '9200d4730092a16101'],
    ['a Set of nothing', '9200d4730090'],
    ['a reference to nothing', '9200d4730091920005'],
    ['a hole that is the state', '9200d4730091' + '9104'],
    ['a RegExp that is none', '9200d473009194' + '08a128a0' + '00'],
    ['a structured clone reference of msgpackr', '9200d67000000001'],
    ['an id for a structured clone of msgpackr', '9200d6690000000190'],
    ['an Error of msgpackr', '9200d4650093a54572726f72a161c0'],
    ['100,000 arrays inside each other', '9200' + '91'.repeat(100_000) + '00'],
  ])('%s under a right checksum', (_, content) => {
    expect(() => codec.unpack(sealed(1, Buffer.from(content, 'hex')), 1, noEntries)).toThrow(corrupt)
  })

  test('of a layout that is not known, or of a serde where there is none', () => {
    expect(() => codec.unpack(sealed(3, Buffer.from('920000', 'hex')), 1, noEntries)).toThrow('the unknown layout 3')
    expect(() => codec.unpack(sealed(2, Buffer.from('920000', 'hex')), 1, noEntries)).toThrow('what a serde made')
  })

  test('anything under a right checksum gives a state or STATE_CORRUPT, soon', { timeout: 60_000 }, () => {
    const attempt = (content: Uint8Array): void => {
      try {
        codec.unpack(sealed(1, content), 1, noEntries)
      } catch (error) {
        expect(error).toMatchObject({ code: 'STATE_CORRUPT' })
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => attempt(Buffer.concat([Buffer.of(0x92, 0), tail]))),
    )
    fc.assert(
      fc.property(
        states,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (state, changes) => {
          const content = Buffer.from(codec.pack(state, 1).bytes.subarray(5))
          for (const [at, byte] of changes) content[at % content.length] = byte
          attempt(content)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('the bytes', () => {
  test('that are unpacked stay as they are, and may be overwritten afterwards', () => {
    fc.assert(
      fc.property(states, (state) => {
        const bytes = Buffer.from(codec.pack(state, 1).bytes)
        const before = Buffer.from(bytes)
        const unpacked = codec.unpack(bytes, 1, noEntries)
        expect(Object.keys(bytes)).toEqual(Object.keys(before))
        expect(bytes).toEqual(before)
        bytes.fill(0xee)
        expectSameState(unpacked, state)
      }),
      { numRuns: 300 },
    )
    const large = { bytes: Buffer.alloc(10_000, 1) }
    const { bytes } = codec.pack(large, 1)
    const unpacked = codec.unpack(bytes, 1, noEntries)
    bytes.fill(0xee)
    expectSameState(unpacked, large)
  })

  test('may be any Uint8Array', () => {
    const { bytes } = codec.pack({ a: 1 }, 1)
    const copy = new Uint8Array(bytes.length + 3)
    copy.set(bytes, 3)
    expect(codec.unpack(copy.subarray(3), 1, noEntries)).toEqual({ a: 1 })
  })

  test('that were packed stay as they are when more is packed', () => {
    const all = Array.from({ length: 2000 }, (_, at) => codec.pack({ at, text: 'x'.repeat(at % 50) }, 1).bytes)
    for (const [at, bytes] of all.entries()) expect(codec.unpack(bytes, 1, noEntries)).toMatchObject({ at })
  })

  // What is on disk is read by later versions: these never change.
  test.each<[string, unknown, string]>([
    ['undefined', undefined, '01 da043731 9200d40000'],
    ['an object', { sum: 12.5, count: 17 }, '01 af6ac939 920082a373756dcb4029000000000000a5636f756e7411'],
    [
      'an array',
      [-0, '\ud800', , new Set([1n])],
      '01 32efe4fc 920094d47300919105d47300919206c40200d8d47300919104d47300919201d30000000000000001',
    ],
    [
      'a Map',
      new Map([['a', new Uint16Array([1, 2])]]),
      '01 7c0c16ac 9200d47300919302a161d47300919307ab55696e7431364172726179c40401000200',
    ],
    [
      'an object without prototype',
      Object.assign(Object.create(null), { a: /b/g }),
      '01 52aad46b 9200d47300919403c3a161d47300919408a162a16700',
    ],
    ['a StateMap', new StateMap([['a', 1]]), '01 4e2cc1aa 9201d47300919409000101'],
    ['a StateSet', { seen: new StateSet([5]) }, '01 f84c7c67 920181a47365656ed4730091940a000101'],
  ])('of %s are those of all versions', (_, state, hex) => {
    const { bytes } = codecOf().pack(state, 1)
    expect(`${bytes.toString('hex', 0, 1)} ${bytes.toString('hex', 1, 5)} ${bytes.toString('hex', 5)}`).toBe(hex)
  })
})

describe('a serde', () => {
  class Account {
    balance: number
    constructor(balance: number) {
      this.balance = balance
    }
  }
  const accounts = statePartition('accounts', {
    build: () => new Account(0),
    serde: {
      serialize: ({ balance }) => Buffer.from(String(balance)),
      deserialize: (bytes) => new Account(Number(Buffer.from(bytes).toString())),
    },
  })

  test('replaces the packing whole', () => {
    const accountCodec = createStateCodec(accounts)
    const packed = accountCodec.pack(new Account(12), 5)
    expect(packed).toEqual({ bytes: sealed(2, Buffer.from('12')), changedEntries: [], clearedMaps: [] })
    const account = accountCodec.unpack(packed.bytes, 5, noEntries)
    expect(account).toBeInstanceOf(Account)
    expect(account.balance).toBe(12)
    expect(() => accountCodec.unpack(packed.bytes.subarray(0, 6), 5, noEntries)).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT', where: { partition: 'accounts', key: 5 } }),
    )
    expect(() => accountCodec.unpack(codec.pack(5, 1).bytes, 5, noEntries)).toThrow('the unknown layout 1')
  })

  test('gets bytes that it may keep, and its own may be used again', () => {
    const own = Buffer.from('ab')
    const keeping = createStateCodec<Uint8Array>({
      name: 'kept',
      serde: { serialize: () => own, deserialize: (bytes) => bytes },
    })
    const { bytes } = keeping.pack(own, 1)
    own.fill(0)
    const kept = keeping.unpack(bytes, 1, noEntries)
    bytes.fill(0)
    expect(Buffer.from(kept).toString()).toBe('ab')
  })

  test('that throws or gives no bytes is STATE_NOT_SERIALIZABLE', () => {
    const cause = new Error('no')
    const fails = (): never => {
      throw cause
    }
    const failing = createStateCodec<number>({ name: 'failing', serde: { serialize: fails, deserialize: fails } })
    const where = { partition: 'failing', key: 3, path: '$' }
    expect(() => failing.pack(1, 3)).toThrow(expect.objectContaining({ code: 'STATE_NOT_SERIALIZABLE', cause, where }))
    expect(() => failing.unpack(sealed(2, Buffer.of(1)), 3, noEntries)).toThrow(
      expect.objectContaining({ code: 'STATE_NOT_SERIALIZABLE', cause, where }),
    )
    const wrong = createStateCodec<number>({
      name: 'wrong',
      serde: { serialize: () => 'text' as never, deserialize: () => 1 },
    })
    expect(() => wrong.pack(1, 3)).toThrow('expected serialize to give a Uint8Array, got "text"')
  })
})

test('bytes that are to be left free are in front of what is packed otherwise', () => {
  const plain = { name: 'plain', serde: undefined }
  const kept = {
    name: 'kept',
    serde: { serialize: (state: unknown) => Buffer.from(String(state)), deserialize: String },
  }
  for (const partition of [plain, kept]) {
    const { bytes } = createStateCodec<unknown>(partition, 7).pack('a state', 1)
    expect(bytes.subarray(7)).toEqual(createStateCodec<unknown>(partition).pack('a state', 1).bytes)
  }
})
