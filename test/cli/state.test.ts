/** The command as a user starts it, on stores that applications made. It runs dist; `npm test` builds it first. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  fromAsyncIterable,
  fromObservable,
  lmdbStore,
  StateMap,
  StateSet,
  statePartition,
} from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { temporaryFolder } from '../support/files.ts'
import { runForTest } from '../support/pipelines.ts'
import type { Program } from '../support/processes.ts'
import { eventually } from '../support/watch.ts'
import { wallarx } from './wallarx.ts'

interface Sale {
  readonly shop: number | bigint
  readonly article: string
  readonly amount: number
}

interface Shop {
  readonly articles: StateMap<string, number>
  readonly buyers: StateSet<bigint>
  sum: bigint
  last: Date | undefined
}

const shops = () =>
  statePartition('shops', {
    key: ({ shop }: Sale) => shop,
    build: (): Shop => ({ articles: new StateMap(), buyers: new StateSet(), sum: 0n, last: undefined }),
  })

function sell({ article, amount }: Sale, shop: Shop): [undefined, boolean] {
  shop.articles.set(article, (shop.articles.get(article) ?? 0) + amount)
  shop.buyers.add(BigInt(amount))
  shop.sum += BigInt(amount)
  shop.last = new Date(0)
  return [undefined, true]
}

const tallies = () =>
  statePartition('tallies', {
    key: ({ shop }: Sale) => shop,
    build: () => ({ sales: 0 }),
    version: 3,
    serde: {
      serialize: ({ sales }) => Buffer.from([0xab, sales]),
      deserialize: (bytes) => ({ sales: bytes[1]! }),
    },
  })

function tally(_: Sale, state: { sales: number }): [undefined, boolean] {
  state.sales++
  return [undefined, true]
}

const largest = 2n ** 64n - 1n
const sales: readonly Sale[] = [
  { shop: 300, article: 'pear', amount: 2 },
  { shop: 7, article: 'plum', amount: 5 },
  { shop: 7, article: 'apple', amount: 1 },
  { shop: largest, article: 'fig', amount: 9 },
  { shop: 7, article: 'plum', amount: 5 },
]

/** The directory of a store that an application has made and closed. */
async function storeOf(messages: readonly Sale[] = sales): Promise<string> {
  const directory = join(temporaryFolder(), 'state')
  const source = () => fromAsyncIterable(messages)
  const { app } = await runForTest({
    name: 'Shops',
    store: lmdbStore(directory),
    pipelines: {
      Selling: source().pipe(toStatePartition(sell, shops())),
      Tallying: source().pipe(toStatePartition(tally, tallies())),
    },
  })
  await app.closed
  return directory
}

async function succeeds(program: Program): Promise<string> {
  expect(await program.ended, program.stderr()).toBe(0)
  return program.stdout()
}

/** It fails with one line on standard error, which comes back. */
async function fails(program: Program): Promise<string> {
  expect(await program.ended, program.stderr()).toBe(1)
  expect(program.stdout()).toBe('')
  expect(program.stderr()).toMatch(/^wallarx state: [^\n]*\n$/)
  return program.stderr()
}

const overviewOf = async (directory: string): Promise<unknown> =>
  JSON.parse(await succeeds(wallarx('state', directory, '--json'))) as unknown

const entitiesOf = (directory: string, partition = 'shops'): Promise<string> =>
  succeeds(wallarx('state', directory, '--partition', partition))

describe('wallarx state DIR', () => {
  test('shows the application, its last checkpoint, the layout and the state partitions', async () => {
    const text = await succeeds(wallarx('state', await storeOf()))
    expect(text).toMatch(/^application +Shops$/m)
    expect(text).toMatch(/^last checkpoint +1, \d{4}-\d\d-\d\dT[\d:.]+Z, \d+\.\d s ago$/m)
    expect(text).toMatch(/^layout +1$/m)
    expect(text).toMatch(
      /^state partition +shops\n {2}version 1, id \d, 3 entities of \d+ B, 8 StateMap entries of \d+ B$/m,
    )
    expect(text).toMatch(/^state partition +tallies\n {2}version 3, id \d, 3 entities of \d+ B$/m)
  })

  test('with --json it is all of that as JSON', async () => {
    const directory = await storeOf()
    const overview = await overviewOf(directory)
    expect(overview).toEqual({
      directory,
      application: 'Shops',
      checkpoint: 1,
      at: expect.stringMatching(/Z$/),
      ageMs: expect.any(Number),
      layout: 1,
      partitions: [
        {
          name: 'shops',
          id: 1,
          version: 1,
          entities: 3,
          stateBytes: expect.any(Number),
          mapEntries: 8,
          mapBytes: expect.any(Number),
        },
        { name: 'tallies', id: 2, version: 3, entities: 3, stateBytes: expect.any(Number), mapEntries: 0, mapBytes: 0 },
      ],
      positions: [],
    })
  })

  test('a directory without a store is told, and is not made', async () => {
    const directory = join(temporaryFolder(), 'none')
    expect(await fails(wallarx('state', directory))).toContain(`expected a store of wallarx in ${directory}, got none`)
    expect(existsSync(directory)).toBe(false)
  })

  test('a store without a checkpoint is one', async () => {
    const directory = join(temporaryFolder(), 'state')
    await (await lmdbStore(directory).open()).close()
    expect(await succeeds(wallarx('state', directory))).toContain('without a checkpoint')
    expect(await overviewOf(directory)).toMatchObject({ application: null, checkpoint: null, partitions: [] })
  })

  test('a journal beside the store is mentioned', async () => {
    const directory = await storeOf()
    mkdirSync(join(directory, 'journal'))
    expect(await succeeds(wallarx('state', directory))).toContain('is not part of the store')
  })
})

describe('wallarx state DIR --partition NAME', () => {
  test('shows each entity with its key in the order of keys, StateMaps with their entries in theirs', async () => {
    expect(await entitiesOf(await storeOf())).toBe(
      [
        `7: {`,
        `  articles: StateMap(2) { 'plum' => 10, 'apple' => 1 },`,
        `  buyers: StateSet(2) { 5n, 1n },`,
        `  sum: 11n,`,
        `  last: 1970-01-01T00:00:00.000Z`,
        `}`,
        `300: {`,
        `  articles: StateMap(1) { 'pear' => 2 },`,
        `  buyers: StateSet(1) { 2n },`,
        `  sum: 2n,`,
        `  last: 1970-01-01T00:00:00.000Z`,
        `}`,
        `18446744073709551615: {`,
        `  articles: StateMap(1) { 'fig' => 9 },`,
        `  buyers: StateSet(1) { 9n },`,
        `  sum: 9n,`,
        `  last: 1970-01-01T00:00:00.000Z`,
        `}`,
        '',
      ].join('\n'),
    )
  })

  test('with --json each entity is a line', async () => {
    const lines = (await succeeds(wallarx('state', await storeOf(), '--partition', 'shops', '--json')))
      .trim()
      .split('\n')
    expect(lines).toHaveLength(3)
    expect(JSON.parse(lines[0]!)).toEqual({
      key: '7',
      version: 1,
      state: {
        articles: [
          ['plum', 10],
          ['apple', 1],
        ],
        buyers: ['5', '1'],
        sum: '11',
        last: '1970-01-01T00:00:00.000Z',
      },
    })
  })

  test.each(['300', '18446744073709551615'])('--key %s shows that entity alone', async (key) => {
    const args = ['state', await storeOf(), '--partition', 'shops', '--key', key]
    expect(await succeeds(wallarx(...args))).toMatch(
      new RegExp(`^${key}: \\{\\n[^{}]*\\{[^{}]*\\}[^{}]*\\{[^{}]*\\}[^{}]*\\}\\n$`),
    )
    expect(JSON.parse(await succeeds(wallarx(...args, '--json')))).toMatchObject({ key })
  })

  test('a state that is packed with a serde is shown as its bytes, with a remark', async () => {
    const directory = await storeOf()
    const args = ['state', directory, '--partition', 'tallies', '--key', '7']
    expect(await succeeds(wallarx(...args))).toBe('7: bytes of the serde of this state partition, in hex: ab03\n')
    expect(JSON.parse(await succeeds(wallarx(...args, '--json')))).toEqual({ key: '7', version: 3, serde: 'ab03' })
  })

  test('an unknown state partition or key is told, with those there are', async () => {
    const directory = await storeOf()
    expect(await fails(wallarx('state', directory, '--partition', 'shop'))).toContain(
      'there is no state partition "shop". There is "shops", "tallies"',
    )
    expect(await fails(wallarx('state', directory, '--partition', 'shops', '--key', '8'))).toContain(
      'the state partition "shops" has no entity 8. There is 7, 300, 18446744073709551615',
    )
  })

  test('more entities than fit into a pipe come through, and may be left unread', async () => {
    const messages = Array.from({ length: 5000 }, (_, shop) => ({ shop, article: 'x'.repeat(50), amount: 1 }))
    const directory = await storeOf(messages)
    const lines = (await succeeds(wallarx('state', directory, '--partition', 'shops', '--json'))).trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(
      messages.map(({ shop }) => `${shop}`),
    )
    const unread = wallarx('state', directory, '--partition', 'shops', '--json')
    unread.process.stdout.once('data', () => unread.process.stdout.destroy())
    expect(await unread.ended).toBe(0)
    expect(unread.stderr()).toBe('')
  })
})

describe('beside an application that runs', () => {
  test('what it shows, and what it exports, is of one checkpoint', async () => {
    const directory = join(temporaryFolder(), 'state')
    const incoming = new Subject<Sale>()
    const { app } = await runForTest({
      name: 'Shops',
      store: lmdbStore(directory),
      checkpointInterval: 1,
      pipelines: {
        Selling: fromObservable(incoming, { maxBuffered: 1_000_000 }).pipe(toStatePartition(sell, shops())),
      },
    })
    let sent = 0
    // Every turn all shops sell one of their articles: in each checkpoint they have sold the same.
    const timer = setInterval(() => {
      sent++
      for (const shop of [1, 2, 3]) incoming.next({ shop, article: `article ${sent % 100}`, amount: 1 })
    }, 1)
    try {
      await eventually(() => sent > 50)
      for (let time = 0; time < 3; time++) {
        const file = join(temporaryFolder(), 'backup')
        const copy = join(temporaryFolder(), 'copy')
        await succeeds(wallarx('state', 'export', directory, file))
        await succeeds(wallarx('state', 'import', copy, file))
        for (const place of [directory, copy]) {
          const text = await succeeds(wallarx('state', place, '--partition', 'shops', '--json'))
          const states = text
            .trim()
            .split('\n')
            .map((line) => JSON.stringify((JSON.parse(line) as { state: unknown }).state))
          expect(states).toHaveLength(3)
          expect(new Set(states).size).toBe(1)
        }
      }
    } finally {
      clearInterval(timer)
    }
    await app.close()
  })
})

describe('export and import', () => {
  test('what was exported is the same store again, from which the application goes on', async () => {
    const directory = await storeOf()
    const file = join(temporaryFolder(), 'backup')
    const copy = join(temporaryFolder(), 'deep', 'copy')
    const exported = wallarx('state', 'export', directory, file)
    expect(await succeeds(exported)).toBe('')
    expect(exported.stderr()).toMatch(/^exported \d+ entries, [\d.]+ k?B, to /)
    const imported = wallarx('state', 'import', copy, file)
    expect(await succeeds(imported)).toBe('')
    expect(imported.stderr()).toContain('a journal is not part of a backup')
    expect(await contentOf(copy)).toEqual(await contentOf(directory))
    expect(await entitiesOf(copy)).toBe(await entitiesOf(directory))
    expect(readdirSync(join(copy, '..'))).toEqual(['copy'])

    const { app } = await runForTest({
      name: 'Shops',
      store: lmdbStore(copy),
      pipelines: { Selling: fromAsyncIterable([sales[1]!]).pipe(toStatePartition(sell, shops())) },
    })
    await app.closed
    expect(await succeeds(wallarx('state', copy, '--partition', 'shops', '--key', '7'))).toContain(
      "StateMap(2) { 'plum' => 15, 'apple' => 1 }",
    )
  })

  test('an imported store knows what its positions are positions in', async () => {
    const folder = temporaryFolder()
    const [input, output, file] = ['in', 'out', 'backup'].map((name) => join(folder, name)) as [string, string, string]
    const copyWith = async (store: string): Promise<void> => {
      const lines = fileSource({ path: input, framing: delimited('\n') })
      const pipelines = { copy: lines.pipe(toSink<Buffer>(fileSink({ path: output }))) }
      const { app } = await runForTest({ store: lmdbStore(store), pipelines })
      await app.closed
    }
    writeFileSync(input, 'one\ntwo\n')
    await copyWith(join(folder, 'store'))
    await succeeds(wallarx('state', 'export', join(folder, 'store'), file))
    await succeeds(wallarx('state', 'import', join(folder, 'imported'), file))
    await copyWith(join(folder, 'imported'))

    writeFileSync(input, 'an other file\n')
    await expect(copyWith(join(folder, 'imported'))).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    writeFileSync(input, 'one\ntwo\n')
    writeFileSync(output, 'not what was written')
    await expect(copyWith(join(folder, 'imported'))).rejects.toMatchObject({ code: 'SINK_CHANGED' })
    expect(readFileSync(output, 'utf8')).toBe('not what was written')
  })

  test('- is standard output and standard input', async () => {
    const directory = await storeOf()
    const file = join(temporaryFolder(), 'backup')
    await succeeds(wallarx('state', 'export', directory, file))
    const program = wallarx('state', 'export', directory, '-')
    program.process.stdout.setEncoding('latin1')
    expect(Buffer.from(await succeeds(program), 'latin1').equals(readFileSync(file))).toBe(true)
    const copy = join(temporaryFolder(), 'copy')
    const importing = wallarx('state', 'import', copy, '-')
    importing.process.stdin.end(readFileSync(file))
    await succeeds(importing)
    expect(await contentOf(copy)).toEqual(await contentOf(directory))
  })

  test('a file with one byte flipped, anywhere, is refused, and no store is left', async () => {
    const file = join(temporaryFolder(), 'backup')
    await succeeds(wallarx('state', 'export', await storeOf(), file))
    const whole = readFileSync(file)
    for (const at of [0, 16, 18, 24, 30, Math.floor(whole.length / 2), whole.length - 13, whole.length - 1]) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 0x10
      await isRefused(bytes)
    }
  })

  test('a file that is cut off or goes on is refused, and no store is left', async () => {
    const file = join(temporaryFolder(), 'backup')
    await succeeds(wallarx('state', 'export', await storeOf(), file))
    const whole = readFileSync(file)
    for (const length of [0, 5, 17, 100, whole.length - 22, whole.length - 1])
      await isRefused(whole.subarray(0, length))
    await isRefused(Buffer.concat([whole, Buffer.of(0)]))
    await isRefused(Buffer.from('some other file, long enough to be read'))
  })

  test('a file that is there is not written over', async () => {
    const file = join(temporaryFolder(), 'backup')
    writeFileSync(file, 'mine')
    expect(await fails(wallarx('state', 'export', await storeOf(), file))).toContain('is there already')
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('a directory with a store, or with anything else, is not imported into', async () => {
    const directory = await storeOf()
    const file = join(temporaryFolder(), 'backup')
    await succeeds(wallarx('state', 'export', directory, file))
    const before = await contentOf(directory)
    expect(await fails(wallarx('state', 'import', directory, file))).toContain('holds a store already')
    expect(await contentOf(directory)).toEqual(before)
    const other = temporaryFolder()
    copyFileSync(file, join(other, 'file'))
    expect(await fails(wallarx('state', 'import', other, file))).toContain('is not empty')
    expect(readdirSync(other)).toEqual(['file'])
  })

  test('an empty directory is imported into, and what a killed import left behind is in nobody’s way', async () => {
    const directory = await storeOf()
    const folder = temporaryFolder()
    const file = join(folder, 'backup')
    await succeeds(wallarx('state', 'export', directory, file))
    mkdirSync(join(folder, 'copy'))
    const left = await lmdbStore(join(folder, 'copy.importing')).open()
    await left.commit([{ key: Buffer.from('left'), value: Buffer.from('behind') }])
    await left.close()
    await succeeds(wallarx('state', 'import', join(folder, 'copy'), file))
    expect(await contentOf(join(folder, 'copy'))).toEqual(await contentOf(directory))
    expect(readdirSync(folder).sort()).toEqual(['backup', 'copy'])
  })

  test('a file or a place that cannot be is told in a line', async () => {
    const directory = await storeOf()
    const folder = temporaryFolder()
    expect(await fails(wallarx('state', 'export', directory, join(folder, 'none', 'backup')))).toContain('cannot write')
    expect(await fails(wallarx('state', 'export', join(folder, 'none'), join(folder, 'backup')))).toContain('got none')
    expect(await fails(wallarx('state', 'import', join(folder, 'copy'), join(folder, 'none')))).toContain(
      'there is no file',
    )
    expect(readdirSync(folder)).toEqual([])
  })
})

/** An import of these bytes fails in one line that says what they are, and leaves nothing behind. */
async function isRefused(bytes: Buffer): Promise<void> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'backup'), bytes)
  expect(await fails(wallarx('state', 'import', join(folder, 'copy'), join(folder, 'backup')))).toContain(
    `expected a backup in "${join(folder, 'backup')}", got `,
  )
  expect(readdirSync(folder)).toEqual(['backup'])
}

/** All entries of a store, in order, as text. */
async function contentOf(directory: string): Promise<string[]> {
  const store = await lmdbStore(directory, { readOnly: true }).open()
  try {
    return Array.from(
      store.range(Buffer.alloc(0)),
      ({ key, value }) => `${key.toString('hex')} ${value.toString('hex')}`,
    )
  } finally {
    await store.close()
  }
}
