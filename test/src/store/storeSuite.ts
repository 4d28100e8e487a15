import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Change, OpenStore, Store } from '../../../src/store/store.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const put = (key: string, value: string): Change => ({ key: bytes(key), value: bytes(value) })
const remove = (key: string): Change => ({ key: bytes(key), value: undefined })

const entriesOf = (store: OpenStore, prefix = ''): string[] =>
  [...store.range(bytes(prefix))].map(({ key, value }) => `${String(key)}=${String(value)}`)

/** What every store keeps to. `makeStore` gives a store of its own for a test; what it holds outlasts being closed. */
export function storeSuite(name: string, makeStore: () => Store): void {
  const opened = async (store = makeStore()): Promise<OpenStore> => {
    const open = await store.open()
    onTestFinished(() => open.close())
    return open
  }

  describe(name, () => {
    test('has nothing to begin with', async () => {
      const store = await opened()
      expect(store.get(bytes('a'))).toBeUndefined()
      expect(entriesOf(store)).toEqual([])
    })

    test('gives what was put last', async () => {
      const store = await opened()
      await store.commit([put('a', '1'), put('b', '2')])
      await store.commit([put('a', '3')])
      expect(entriesOf(store)).toEqual(['a=3', 'b=2'])
      expect(store.get(bytes('a'))).toEqual(bytes('3'))
      expect(store.get(bytes('c'))).toBeUndefined()
    })

    test('removes, also what is not there', async () => {
      const store = await opened()
      await store.commit([put('a', '1'), put('b', '2')])
      await store.commit([remove('a'), remove('z')])
      expect(store.get(bytes('a'))).toBeUndefined()
      expect(entriesOf(store)).toEqual(['b=2'])
    })

    test('lets the last change to a key count', async () => {
      const store = await opened()
      await store.commit([put('a', '1'), remove('a'), put('b', '1'), put('b', '2'), remove('c'), put('c', '3')])
      expect(entriesOf(store)).toEqual(['b=2', 'c=3'])
    })

    test('takes a commit of nothing', async () => {
      const store = await opened()
      await store.commit([])
      expect(entriesOf(store)).toEqual([])
    })

    test('tells an empty value from none', async () => {
      const source = makeStore()
      const store = await source.open()
      const committed = store.commit([put('empty', '')])
      expect(store.get(bytes('empty'))).toEqual(bytes(''))
      await committed
      expect(store.get(bytes('empty'))).toEqual(bytes(''))
      await store.close()
      const again = await opened(source)
      expect(again.get(bytes('empty'))).toEqual(bytes(''))
      expect(entriesOf(again)).toEqual(['empty='])
    })

    test('shows a commit from the moment it was begun', async () => {
      const store = await opened()
      await store.commit([put('a', '1'), put('b', '1'), put('d', '1')])
      const committed = store.commit([put('b', '2'), put('c', '2'), remove('d'), put('e', '2')])
      expect(['a', 'b', 'c', 'd', 'e'].map((key) => store.get(bytes(key))?.toString())).toEqual([
        '1',
        '2',
        '2',
        undefined,
        '2',
      ])
      expect(entriesOf(store)).toEqual(['a=1', 'b=2', 'c=2', 'e=2'])
      await committed
      expect(entriesOf(store)).toEqual(['a=1', 'b=2', 'c=2', 'e=2'])
    })

    test('applies commits in the order they were begun in', async () => {
      const source = makeStore()
      const store = await source.open()
      const settled: number[] = []
      const commits = Array.from({ length: 50 }, (_, number) =>
        store.commit([put('last', String(number)), put(`from ${number}`, '')]).then(() => settled.push(number)),
      )
      expect(store.get(bytes('last'))).toEqual(bytes('49'))
      await Promise.all(commits)
      expect(settled).toEqual([...commits.keys()])
      expect(store.get(bytes('last'))).toEqual(bytes('49'))
      await store.close()
      const again = await opened(source)
      expect(again.get(bytes('last'))).toEqual(bytes('49'))
      expect(entriesOf(again, 'from ')).toHaveLength(50)
    })

    test('shows the later of two commits also when only the first is durable', async () => {
      const store = await opened()
      const first = store.commit([put('a', '1'), put('b', '1')])
      const second = store.commit([put('a', '2'), remove('b')])
      await first
      expect(entriesOf(store)).toEqual(['a=2'])
      expect(store.get(bytes('a'))).toEqual(bytes('2'))
      expect(store.get(bytes('b'))).toBeUndefined()
      await second
      expect(entriesOf(store)).toEqual(['a=2'])
    })

    test('orders keys as unsigned bytes, whichever bytes they have', async () => {
      const store = await opened()
      const keys = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte])).flatMap((key) => [
        key,
        Buffer.concat([key, Buffer.from([0])]),
        Buffer.concat([key, Buffer.from([255])]),
      ])
      const shuffled = [...keys].sort((a, b) => (a.toString('hex') + 'x').localeCompare(b.toString('hex')))
      const half = shuffled.length >> 1
      await store.commit(shuffled.slice(0, half).map((key) => ({ key, value: key })))
      const committed = store.commit(shuffled.slice(half).map((key) => ({ key, value: key })))
      const inOrder = [...keys].sort((a, b) => Buffer.compare(a, b))
      expect([...store.range(bytes(''))].map(({ key }) => key)).toEqual(inOrder)
      await committed
      const entries = [...store.range(bytes(''))]
      expect(entries.map(({ key }) => key)).toEqual(inOrder)
      expect(entries.map(({ value }) => value)).toEqual(inOrder)
      for (const key of keys) expect(store.get(key)).toEqual(key)
    })

    test('ranges over the keys with a prefix and no others', async () => {
      const store = await opened()
      const keys = ['00', '00ff', '01', 'fe', 'feff', 'fefffe', 'ff', 'ff00', 'ffff', 'ffff01'].map(hex)
      await store.commit(keys.map((key) => ({ key, value: bytes('') })))
      for (const prefix of ['', '00', '02', 'fe', 'feff', 'ff', 'ffff', 'ffffff'].map(hex)) {
        expect([...store.range(prefix)].map(({ key }) => key.toString('hex'))).toEqual(
          keys.filter((key) => key.subarray(0, prefix.length).equals(prefix)).map((key) => key.toString('hex')),
        )
      }
    })

    test('begins a range at a key that is asked for, or before it', async () => {
      const store = await opened()
      const aKey = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((key) => Buffer.from(key.map((byte) => byte % 3)))
      await fc.assert(
        fc.asyncProperty(fc.array(aKey), fc.array(aKey), aKey, aKey, async (some, more, prefix, from) => {
          await store.commit([...store.range(bytes(''))].map(({ key }) => ({ key, value: undefined })))
          await store.commit(some.map((key) => ({ key, value: bytes('some') })))
          await store.commit(more.map((key) => ({ key, value: bytes('more') })))
          const all = [...store.range(prefix)]
          const found = [...store.range(prefix, from)]
          expect(all.slice(all.length - found.length)).toEqual(found)
          expect(found.filter(({ key }) => key.compare(from) >= 0)).toEqual(
            all.filter(({ key }) => key.compare(from) >= 0),
          )
        }),
      )
    })

    test('shows an iteration what was there when it began, whatever is committed or awaited meanwhile', async () => {
      const store = await opened()
      await store.commit(['a', 'b', 'c', 'd'].map((key) => put(key, 'old')))
      const pending = store.commit([put('bb', 'old')])
      const seen: string[] = []
      for (const { key, value } of store.range(bytes(''))) {
        seen.push(`${String(key)}=${String(value)}`)
        if (seen.length === 1) {
          const commit = store.commit([put('b', 'new'), remove('c'), put('cc', 'new'), put('z', 'new')])
          await Promise.all([pending, commit])
        }
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      expect(seen).toEqual(['a=old', 'b=old', 'bb=old', 'c=old', 'd=old'])
      expect(entriesOf(store)).toEqual(['a=old', 'b=new', 'bb=old', 'cc=new', 'd=old', 'z=new'])
    })

    test('iterates over one range as often as it is asked to', async () => {
      const store = await opened()
      await store.commit([put('a', '1')])
      const range = store.range(bytes(''))
      expect([...range]).toHaveLength(1)
      await store.commit([put('b', '1')])
      expect([...range]).toHaveLength(2)
    })

    test('lets iterations be left, by the hundred', async () => {
      const store = await opened()
      await store.commit(Array.from({ length: 10 }, (_, number) => put(`key ${number}`, 'value')))
      for (let round = 0; round < 300; round++) {
        for (const _ of store.range(bytes(''))) break
        if (round % 50 === 0) await store.commit([put('round', String(round))])
      }
      expect(entriesOf(store)).toHaveLength(11)
    })

    test('copies bytes on their way out', async () => {
      const store = await opened()
      const check = (): void => {
        store.get(bytes('key'))!.fill('x')
        for (const entry of store.range(bytes(''))) {
          entry.key.fill('x')
          entry.value.fill('x')
        }
        expect(entriesOf(store)).toEqual(['key=value'])
      }
      const committed = store.commit([put('key', 'value')])
      check()
      await committed
      check()
      const kept = store.get(bytes('key'))
      await store.commit([put('key', 'other')])
      expect(store.get(bytes('key'))).toEqual(bytes('other'))
      expect(kept).toEqual(bytes('value'))
    })

    test('takes Uint8Arrays that are no Buffers, and parts of larger ones', async () => {
      const store = await opened()
      const slab = new Uint8Array([9, 1, 2, 3, 9, 4, 5, 9])
      const key = slab.subarray(1, 4)
      const value = slab.subarray(5, 7)
      const committed = store.commit([{ key, value }])
      for (const _ of ['begun', 'durable']) {
        expect(store.get(key)).toEqual(Buffer.from(value))
        expect([...store.range(slab.subarray(1, 2))]).toEqual([{ key: Buffer.from(key), value: Buffer.from(value) }])
        await committed
      }
    })

    test.each([1, 4096, 32_767, 32_768, 32_769, 100_000, 5_000_000])('keeps values of %i bytes', async (length) => {
      const store = await opened()
      const value = Buffer.alloc(length, 'value')
      await store.commit([{ key: bytes('key'), value }, put('other', 'value')])
      const found = store.get(bytes('key'))!
      expect(found).toHaveLength(length)
      expect(found.equals(value)).toBe(true)
      const [entry, other] = [...store.range(bytes(''))]
      expect(entry!.value.equals(value)).toBe(true)
      expect(other!.value).toEqual(bytes('value'))
      expect(Buffer.from(found).equals(value)).toBe(true)
    })

    test('takes keys of 1 to 1,900 bytes and says what is wrong with others', async () => {
      const source = makeStore()
      const store = await opened(source)
      const longest = Buffer.alloc(1900, 0xff)
      await store.commit([
        { key: longest, value: bytes('longest') },
        { key: longest.subarray(1), value: bytes('shorter') },
      ])
      expect(store.get(longest)).toEqual(bytes('longest'))
      expect([...store.range(longest)]).toEqual([{ key: longest, value: bytes('longest') }])
      expect([...store.range(Buffer.alloc(1901, 0xff))]).toEqual([])

      const tooLong = {
        code: 'STORE_KEY_TOO_LONG',
        kind: 'user code',
        message: `expected a key of 1 to 1900 bytes, got one of 1901 (store: ${source.name})`,
      }
      expect(() => store.get(Buffer.alloc(1901))).toThrow(expect.objectContaining(tooLong))
      expect(() => store.get(bytes(''))).toThrow(expect.objectContaining({ code: 'STORE_KEY_EMPTY' }))
      await expect(store.commit([put('a', '1'), { key: Buffer.alloc(1901), value: undefined }])).rejects.toMatchObject(
        tooLong,
      )
      await expect(store.commit([put('a', '1'), put('', '1')])).rejects.toMatchObject({ code: 'STORE_KEY_EMPTY' })
      expect(store.get(bytes('a'))).toBeUndefined()
      await store.commit([put('b', '1')])
      expect(store.get(bytes('b'))).toEqual(bytes('1'))
    })

    test('rejects a commit with a value that is none, and does nothing of it', async () => {
      const store = await opened()
      const changes = [put('a', '1'), { key: bytes('b'), value: 7 as unknown as Buffer }]
      await expect(store.commit(changes)).rejects.toThrow(TypeError)
      expect(entriesOf(store)).toEqual([])
    })

    test('keeps everything from one opening to the next', async () => {
      const source = makeStore()
      for (let round = 0; round < 3; round++) {
        const store = await source.open()
        expect(entriesOf(store)).toEqual(Array.from({ length: round }, (_, number) => `round ${number}=${number}`))
        await store.commit([put(`round ${round}`, String(round))])
        await store.close()
      }
    })

    test('waits for commits when it is closed, and may be closed again', async () => {
      const source = makeStore()
      const store = await source.open()
      let settled = 0
      for (let number = 0; number < 10; number++) {
        void store.commit([put(`key ${number}`, Buffer.alloc(10_000).toString())]).then(() => settled++)
      }
      const closed = store.close()
      await store.close()
      expect(settled).toBe(10)
      await closed
      await store.close()
      expect(entriesOf(await opened(source))).toHaveLength(10)
    })

    test('says that it is closed, from the call of close on', async () => {
      const source = makeStore()
      const store = await source.open()
      await store.commit([put('a', '1'), put('b', '1'), put('c', '1')])
      const started = store.range(bytes(''))[Symbol.iterator]()
      const notStarted = store.range(bytes(''))[Symbol.iterator]()
      started.next()
      const closedError = expect.objectContaining({
        code: 'STORE_CLOSED',
        message: `expected a store that is open, got one that was closed (store: ${source.name})`,
      })
      const closing = store.close()
      for (const _ of ['closing', 'closed']) {
        expect(() => store.get(bytes('a'))).toThrow(closedError)
        expect(() => store.range(bytes(''))).toThrow(closedError)
        await expect(store.commit([put('a', '2')])).rejects.toEqual(closedError)
        await closing
      }
      expect(() => started.next()).toThrow(closedError)
      expect(() => notStarted.next()).toThrow(closedError)
      expect((await opened(source)).get(bytes('a'))).toEqual(bytes('1'))
    })

    test('is open once at a time', async () => {
      const source = makeStore()
      const store = await source.open()
      await expect(source.open()).rejects.toMatchObject({
        code: 'STORE_IN_USE',
        message: expect.stringContaining(`got one that process ${process.pid} on host `),
      })
      await store.commit([put('a', '1')])
      await store.close()
      expect(entriesOf(await opened(source))).toEqual(['a=1'])
    })

    test('behaves as a sorted Map', async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (list) => {
          const source = makeStore()
          const real = { source, store: await source.open(), commits: [] }
          try {
            await fc.asyncModelRun(() => ({ model: new Map<string, string>(), real }), list)
          } finally {
            await real.store.close()
          }
        }),
        { numRuns: 60 },
      )
    })
  })
}

type Model = Map<string, string>

interface Real {
  readonly source: Store
  store: OpenStore
  commits: Promise<void>[]
}

type Command = fc.AsyncCommand<Model, Real>

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name }
}

/** Keys that are often the same, prefixes of each other, and on both sides of what is unsigned. */
const someKey = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.constantFrom('00', '01', '7f', '80', 'ff'), { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(Array<string>(1900).fill('ff'), Array<string>(1899).fill('00')) },
)

const commands: fc.Arbitrary<Command>[] = [
  fc
    .tuple(
      fc.array(fc.tuple(someKey, fc.option(fc.uint8Array({ maxLength: 300, size: 'max' }), { nil: undefined })), {
        maxLength: 12,
      }),
      fc.boolean(),
    )
    .map(([changes, waits]) =>
      command(`commit ${changes.length}${waits ? ' and wait' : ''}`, async (model, real) => {
        const committed = real.store.commit(changes.map(([key, value]) => ({ key: hex(key.join('')), value })))
        for (const [key, value] of changes) {
          if (value === undefined) model.delete(key.join(''))
          else model.set(key.join(''), Buffer.from(value).toString('hex'))
        }
        real.commits.push(committed)
        if (waits) await committed
      }),
    ),
  someKey.map((key) =>
    command(`get ${key.join('').slice(0, 6)}`, async (model, real) => {
      expect(real.store.get(hex(key.join('')))?.toString('hex')).toBe(model.get(key.join('')))
    }),
  ),
  fc.oneof(fc.constant<string[]>([]), someKey).map((prefix) =>
    command(`range ${prefix.join('').slice(0, 6)}`, async (model, real) => {
      expect(
        [...real.store.range(hex(prefix.join('')))].map(({ key, value }) => [
          key.toString('hex'),
          value.toString('hex'),
        ]),
      ).toEqual([...model].filter(([key]) => key.startsWith(prefix.join(''))).sort(([a], [b]) => (a < b ? -1 : 1)))
    }),
  ),
  fc.constant(
    command('let time pass', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }),
  ),
  fc.constant(
    command('wait for all commits', async (_model, real) => {
      await Promise.all(real.commits)
      real.commits = []
    }),
  ),
  fc.constant(
    command('reopen', async (_model, real) => {
      await real.store.close()
      await Promise.all(real.commits)
      real.commits = []
      real.store = await real.source.open()
    }),
  ),
]
