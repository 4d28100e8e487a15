import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openJournalLog, type JournalLog } from '../../../src/journal/log.ts'
import { temporaryFolder } from '../../support/files.ts'
import {
  append,
  contentOf,
  damaged,
  failed,
  gone,
  known,
  open,
  readAll,
  recordHeader,
  segmentFiles,
  segmentHeader,
  texts,
  threeSegments,
  type KnownRecord,
} from './logs.ts'

describe('the layout of the log', () => {
  // Written with another program: struct and zlib of Python.
  const header1 = '77616c6c6172786a00000001010203040000000000001000615a12c3'
  const header = '77616c6c6172786a00000002010203040000000000001000dc907e0d'
  const arrivals = ['80000008acf2c4f04278bcfe56800000', '80000008598156cb427a3185c5000000']
  const records = '000000004d031ab0' + '000000013a803f94' + '61' + '000000050e2f07cb' + '68656c6c6f'
  const name = '00000000000000004096.journal'

  test('is what it was: reads a golden file', async () => {
    const directory = temporaryFolder()
    writeFileSync(join(directory, name), header1 + records, 'hex')
    expect(await contentOf({ directory })).toEqual({
      records: [
        { text: '', position: 4096, positionAfter: 4104 },
        { text: 'a', position: 4104, positionAfter: 4113 },
        { text: 'hello', position: 4113, positionAfter: 4126 },
      ],
      start: 4096,
      end: 4126,
      cut: undefined,
      skipped: [],
    })
  })

  test('is what it was: writes a golden file, and gives a new segment a header with the same seed', async () => {
    const directory = temporaryFolder()
    writeFileSync(join(directory, name), header, 'hex')
    const log = await open({ directory, segmentLength: 30 })
    append(log, ['', 'a'])
    append(log, ['hello'])
    expect(readFileSync(join(directory, name), 'hex')).toBe(header + records)
    append(log, ['hello'])
    const next = readFileSync(join(directory, '00000000000000004126.journal'), 'hex')
    expect(next.slice(0, 48)).toBe('77616c6c6172786a0000000201020304000000000000101e')
    expect(next.slice(56)).toBe('000000050e2f07cb68656c6c6f')
  })

  test('says when frames came, which are read as they were written, and of an older one are not known', async () => {
    const directory = temporaryFolder()
    writeFileSync(join(directory, name), header1 + records, 'hex')
    const log = await open({ directory })
    for (const [at, frames] of [['a', ''], ['hello']].entries()) {
      const batch = log.createBatch()
      batch.arrive([1.7e12, 1.8e12][at]!)
      for (const frame of frames) batch.add(Buffer.from(frame), 0, frame.length)
      log.append(batch)
    }
    const file = readFileSync(join(directory, '00000000000000004126.journal'), 'hex').slice(56)
    expect(file).toBe(`${arrivals[0]!}000000013a803f9461000000004d031ab0${arrivals[1]!}000000050e2f07cb68656c6c6f`)
    const found: unknown[] = []
    for await (const run of log.read(log.start)) {
      run.forEachArrival((arrival, chunk) => {
        const frames: string[] = []
        chunk.forEach((bytes, start, end) => frames.push(bytes.toString('utf8', start, end)))
        found.push([arrival, chunk.count, frames, chunk.positionAfter - chunk.position])
      })
    }
    expect(found).toEqual([
      [undefined, 3, ['', 'a', 'hello'], 30],
      [1.7e12, 2, ['a', ''], 33],
      [1.8e12, 1, ['hello'], 29],
    ])
  })

  test('of another version is refused, not taken for damage', async () => {
    const directory = temporaryFolder()
    const version3 = '77616c6c6172786a000000030102030400000000000010000106a788'
    writeFileSync(join(directory, name), `${version3.slice(0, -8)}f2e0a4a4`, 'hex')
    await expect(openJournalLog({ directory })).rejects.toMatchObject(damaged) // the checksum is wrong
    writeFileSync(join(directory, name), version3, 'hex')
    for (const onDamage of ['stop', 'skip'] as const) {
      await expect(openJournalLog({ directory, onDamage })).rejects.toMatchObject({ ...failed, got: 'version 3' })
    }
  })
})

describe('a log', () => {
  test('that is new is empty, begins at 0 and makes its directory', async () => {
    const directory = join(temporaryFolder(), 'a', 'b')
    const log = await open({ directory })
    expect([log.start, log.end, log.cut]).toEqual([0, 0, undefined])
    expect(await readAll(log)).toEqual([])
    expect(segmentFiles(directory)).toMatchObject([{ base: 0, size: segmentHeader }])
  })

  test('gives back what was appended, with the position behind each, at once and when it is opened again', async () => {
    const directory = temporaryFolder()
    const log = await open({ directory })
    const records = [...append(log, ['one', '', 'two']), ...append(log, []), ...append(log, ['three'])]
    expect(records).toEqual([
      { text: 'one', position: 0, positionAfter: 11 },
      { text: '', position: 11, positionAfter: 19 },
      { text: 'two', position: 19, positionAfter: 30 },
      { text: 'three', position: 30, positionAfter: 43 },
    ])
    expect(await readAll(log)).toEqual(records)
    await log.close()
    expect(await contentOf({ directory })).toMatchObject({ records, start: 0, end: 43, cut: undefined })
  })

  test('leaves the frames it handed over as they are when the batch is filled again', async () => {
    const log = await open({ directory: temporaryFolder() })
    const batch = log.createBatch()
    const frames: Buffer[] = []
    for (let n = 0; n < 3000; n++) {
      const bytes = Buffer.from(`frame ${n} ${'x'.repeat(n % 97)}`)
      batch.add(bytes, 0, bytes.length)
      if (n % 7 > 0) continue
      log.append(batch).forEach((slab, start, end) => frames.push(slab.subarray(start, end)))
      expect([batch.count, batch.length]).toEqual([0, 0])
    }
    expect(frames.map(String)).toEqual(frames.map((_, n) => `frame ${n} ${'x'.repeat(n % 97)}`))
    expect(texts(await readAll(log))).toEqual(frames.map(String))
  })

  test('takes a batch that is filled while its records are handed over', async () => {
    const log = await open({ directory: temporaryFolder() })
    const batch = log.createBatch()
    batch.add(Buffer.from('ab'), 0, 1)
    batch.add(Buffer.from('ab'), 1, 2)
    log.append(batch).forEach((bytes, start, end) => {
      batch.add(bytes, start, end)
    })
    expect(texts(known(log.append(batch)))).toEqual(['a', 'b'])
    expect(texts(await readAll(log))).toEqual(['a', 'b', 'a', 'b'])
  })

  test('takes a record of the maximum length; a longer one is FRAME_TOO_LONG, and not in the batch', async () => {
    const log = await open({ directory: temporaryFolder(), maxRecordLength: 10 })
    const batch = log.createBatch()
    const bytes = Buffer.from('0123456789+')
    batch.add(bytes, 0, 10)
    expect(() => batch.add(bytes, 0, 11)).toThrow(
      expect.objectContaining({ code: 'FRAME_TOO_LONG', kind: 'bad input' }),
    )
    batch.add(bytes, 0, 0)
    log.append(batch)
    expect(texts(await readAll(log))).toEqual(['0123456789', ''])
  })

  test('reads records longer than what it reads at once, and short ones in pieces of bounded length', async () => {
    const directory = temporaryFolder()
    const long = Buffer.alloc(3_000_000, 'long')
    const short = Array.from({ length: 30_000 }, (_, n) => `record ${n}`)
    const log = await open({ directory, maxRecordLength: long.length })
    append(log, [...short, long, ...short, long, long])
    const lengths: number[] = []
    const found: KnownRecord[] = []
    for await (const records of log.read(0)) {
      if (records.count > 1) lengths.push(records.positionAfter - records.position)
      found.push(...known(records))
    }
    const text = long.toString()
    expect(texts(found)).toEqual([...short, text, ...short, text, text])
    expect(Math.max(...lengths)).toBeLessThanOrEqual(256 * 1024)
  })

  test('begins a new segment when the next batch does not fit, and never splits one', async () => {
    const directory = temporaryFolder()
    const log = await open({ directory, segmentLength: 100 })
    const payload = (bytes: number): string => 'x'.repeat(bytes - recordHeader)
    append(log, [payload(60)])
    append(log, [payload(40)]) // full to the last byte
    append(log, [payload(10)])
    append(log, [payload(91)])
    append(log, [payload(150), payload(150)])
    append(log, [])
    append(log, [payload(8)])
    expect(segmentFiles(directory).map(({ base, size }) => [base, size - segmentHeader])).toEqual([
      [0, 100],
      [100, 10],
      [110, 91],
      [201, 300],
      [501, 8],
    ])
    expect(await readAll(log)).toHaveLength(7)
  })

  test('refuses the batch of another log', async () => {
    const [a, b] = [await open({ directory: temporaryFolder() }), await open({ directory: temporaryFolder() })]
    const batch = a.createBatch()
    batch.add(Buffer.from('a'), 0, 1)
    expect(() => b.append(batch)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(texts(known(a.append(batch)))).toEqual(['a'])
  })

  test('is closed any number of times, and then says that it is closed', async () => {
    const log = await open({ directory: temporaryFolder() })
    append(log, ['a'])
    const synced = log.sync()
    await Promise.all([log.close(), log.close()])
    await log.close()
    await synced
    const closed = expect.objectContaining({ ...failed, got: 'a closed one' })
    expect(() => append(log, ['b'])).toThrow(closed)
    await expect(log.sync()).rejects.toThrow(closed)
    await expect(log.trim(0)).rejects.toThrow(closed)
    await expect(readAll(log)).rejects.toThrow(closed)
  })

  test.skipIf(process.platform !== 'linux')('leaves no file open', async () => {
    const openFiles = (): number => readdirSync('/proc/self/fd').length
    const directory = temporaryFolder()
    const before = openFiles()
    const log = await openJournalLog({ directory, segmentLength: 50 })
    for (let n = 0; n < 40; n++) append(log, [`record ${n}`])
    for await (const records of log.read(0)) if (records.positionAfter > 200) break
    await log.close()
    expect(openFiles()).toBe(before)
  })

  test.each([
    { directory: '' },
    { directory: 'd', segmentLength: 0 },
    { directory: 'd', segmentLength: 1.5 },
    { directory: 'd', maxRecordLength: -1 },
    { directory: 'd', maxRecordLength: 2 ** 30 + 1 },
    { directory: 'd', synced: -1 },
    { directory: 'd', onDamage: 'ignore' as 'skip' },
  ])('is not made from %j', async (options) => {
    await expect(openJournalLog(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('whose directory is a file says JOURNAL_FAILED with its cause', async () => {
    const directory = join(temporaryFolder(), 'file')
    writeFileSync(directory, '')
    await expect(openJournalLog({ directory })).rejects.toMatchObject({ ...failed, cause: { code: 'EEXIST' } })
  })

  test('leaves other files of its directory alone', async () => {
    const { directory, records } = await threeSegments()
    mkdirSync(join(directory, 'folder'))
    writeFileSync(join(directory, '1.journal'), 'x')
    writeFileSync(join(directory, '00000000000000000000.journal.bak'), 'x')
    const log = await open({ directory })
    expect(await readAll(log)).toEqual(records)
    await log.trim(log.end)
    expect(readdirSync(directory)).toHaveLength(4)
  })
})

describe('reading', () => {
  test('begins at any boundary of records, and at no other position', async () => {
    const { directory, records } = await threeSegments()
    const log = await open({ directory })
    for (let position = -1; position <= log.end + 1; position++) {
      const first = records.findIndex((record) => record.position === position)
      if (first >= 0) expect(await readAll(log, position)).toEqual(records.slice(first))
      else if (position === log.end) expect(await readAll(log, position)).toEqual([])
      else await expect(readAll(log, position)).rejects.toMatchObject(gone)
    }
    for (const position of [0.5, NaN, Infinity]) await expect(readAll(log, position)).rejects.toMatchObject(gone)
  })

  test('ends where the log ended when it began, whatever is appended meanwhile', async () => {
    const log = await open({ directory: temporaryFolder(), segmentLength: 50 })
    const records = Array.from({ length: 20 }, (_, n) => append(log, [`record ${n}`])).flat()
    const found: KnownRecord[] = []
    for await (const read of log.read(0)) {
      found.push(...known(read))
      append(log, ['later', 'later'])
    }
    expect(found).toEqual(records)
    expect(texts(await readAll(log, records.at(-1)!.positionAfter)).every((text) => text === 'later')).toBe(true)
  })

  test('says that the position is gone when the log is trimmed under it', async () => {
    const log = await open({ directory: temporaryFolder(), segmentLength: 20 })
    const records = Array.from({ length: 5 }, () => append(log, ['a record'])).flat()
    const found: KnownRecord[] = []
    const reading = (async () => {
      for await (const read of log.read(0)) {
        found.push(...known(read))
        await log.trim(log.end)
      }
    })()
    await expect(reading).rejects.toMatchObject(gone)
    expect(found).toEqual(records.slice(0, 1))
  })
})

describe('trimming', () => {
  test('removes the segments that lie wholly before a position, and never the newest', async () => {
    const { directory, records, bases } = await threeSegments()
    const log = await open({ directory })
    const starts: number[] = []
    for (const { position } of [...records, { position: log.end }]) {
      await log.trim(position)
      starts.push(log.start)
      expect(await readAll(log, position)).toEqual(records.filter((record) => record.position >= position))
    }
    expect(starts).toEqual([0, 0, bases[1], bases[1], bases[2], bases[2], bases[2]])
    expect(segmentFiles(directory)).toHaveLength(1)
    await expect(readAll(log, 0)).rejects.toMatchObject(gone)
    await log.trim(0)
    for (const position of [log.end + 1, -1, NaN]) await expect(log.trim(position)).rejects.toMatchObject(gone)
    await log.close()
    expect(await contentOf({ directory })).toMatchObject({ records: records.slice(4), start: bases[2] })
  })

  test('may be asked for again before it is done', async () => {
    const { directory, records, bases } = await threeSegments()
    const log = await open({ directory })
    await Promise.all([log.trim(bases[1]!), log.trim(log.end), log.trim(0)])
    expect(await readAll(log)).toEqual(records.slice(4))
  })
})

describe('syncing', () => {
  test('goes on beside appending, rolling and closing', async () => {
    const directory = temporaryFolder()
    const log = await open({ directory, segmentLength: 60 })
    const syncs: Promise<void>[] = []
    for (let n = 0; n < 60; n++) {
      append(log, [`record ${n}`])
      if (n % 3 === 0) syncs.push(log.sync(), log.sync())
      if (n % 10 === 0) await syncs.at(-1)
    }
    await Promise.all(syncs)
    await log.sync()
    await log.close()
    expect((await contentOf({ directory })).records).toHaveLength(60)
  })

  test('takes in what an earlier process left, also while it is trimmed', async () => {
    const { directory, records } = await threeSegments()
    for (const synced of [undefined, records[2]!.positionAfter]) {
      const log = await open({ directory, ...(synced !== undefined && { synced }) })
      await Promise.all([log.sync(), log.trim(log.end), log.sync()])
      await log.close()
    }
  })

  test('that fails makes the log unusable', async () => {
    const directory = temporaryFolder()
    const log = await open({ directory })
    append(log, ['a'])
    rmSync(directory, { recursive: true }) // its entry for the segment cannot be synced any more
    await expect(log.sync()).rejects.toMatchObject({ ...failed, cause: { code: 'ENOENT' } })
    expect(() => append(log, ['b'])).toThrow(expect.objectContaining(failed))
    await expect(log.sync()).rejects.toThrow(/must be opened again/)
    await expect(readAll(log)).rejects.toMatchObject(failed)
    await log.close()
  })
})

// What an array says of the log. A position is a choice among those that are there.
interface Model {
  records: KnownRecord[]
  end: number
}
interface Real {
  readonly directory: string
  log: JournalLog
}
type Command = fc.AsyncCommand<Model, Real>

const segmentLength = 100

/** A command that is always possible; it says in one word what it does. */
const command = (text: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => text,
})

const boundaries = ({ records, end }: Model): number[] => [...records.map(({ position }) => position), end]
const chosen = <Item>(items: readonly Item[], choice: number): Item => items[Math.floor(choice * items.length)]!
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const commands = [
  fc
    .array(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 40 }), { maxLength: 5 }), { maxLength: 4 })
    .map((batches) =>
      command(`append ${JSON.stringify(batches)}`, async (model, { log }) => {
        for (const payloads of batches) {
          const records = append(log, payloads)
          expect(texts(records)).toEqual(payloads)
          for (const record of records) {
            expect(record.position).toBe(model.end)
            model.end = record.positionAfter
          }
          model.records.push(...records)
        }
        expect(log.end).toBe(model.end)
      }),
    ),
  fc.constant(command('sync', (_, { log }) => log.sync())),
  share.map((choice) =>
    command(`reopen ${choice}`, async (model, real) => {
      await real.log.close()
      const synced = choice < 0.5 ? undefined : chosen(boundaries(model), choice * 2 - 1)
      real.log = await openJournalLog({
        directory: real.directory,
        segmentLength,
        ...(synced !== undefined && { synced }),
      })
      expect(real.log.cut).toBeUndefined()
      expect([real.log.start, real.log.end]).toEqual([segmentFiles(real.directory)[0]!.base, model.end])
    }),
  ),
  share.map((choice) =>
    command(`crash ${choice}`, async (model, real) => {
      await real.log.close()
      const { path, size, base } = segmentFiles(real.directory).at(-1)!
      const left = Math.floor(choice * (size + 1))
      truncateSync(path, left)
      model.records = model.records.filter((record) => record.positionAfter <= base + Math.max(left - segmentHeader, 0))
      // Where none is left, all that is kept was in this segment.
      const end = model.records.at(-1)?.positionAfter ?? base
      real.log = await openJournalLog({ directory: real.directory, segmentLength })
      const bytes = left < segmentHeader ? left : base + left - segmentHeader - end
      expect(real.log.cut).toEqual(bytes === 0 ? undefined : { position: end, bytes })
      expect(real.log.end).toBe(end)
      model.end = end
    }),
  ),
  share.map((choice) =>
    command(`trim ${choice}`, async (model, { log, directory }) => {
      const position = chosen(boundaries(model), choice)
      const bases = segmentFiles(directory).map(({ base }) => base)
      const start = Math.max(bases.findLast((base) => base <= position) ?? 0, log.start)
      await log.trim(position)
      expect(segmentFiles(directory)[0]!.base).toBe(start)
      expect(log.start).toBe(start)
      model.records = model.records.filter((record) => record.position >= start)
    }),
  ),
  share.map((choice) =>
    command(`read ${choice}`, async (model, { log }) => {
      const position = chosen(boundaries(model), choice)
      const expected = model.records.filter((record) => record.position >= position)
      expect(await readAll(log, position)).toEqual(expected)
    }),
  ),
  share.map((choice) =>
    command(`read in a record ${choice}`, async (model, { log }) => {
      const position = Math.floor(choice * (model.end + 2))
      if (!boundaries(model).includes(position)) await expect(readAll(log, position)).rejects.toMatchObject(gone)
    }),
  ),
]

test('a log is an array of records with a start, whatever is done to it in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 30, size: 'max' }), async (sequence) => {
      const directory = temporaryFolder()
      let real: Real | undefined
      try {
        await fc.asyncModelRun(async () => {
          real = { directory, log: await openJournalLog({ directory, segmentLength }) }
          return { model: { records: [], end: 0 }, real }
        }, sequence)
      } finally {
        await real?.log.close()
        rmSync(directory, { recursive: true, force: true })
      }
    }),
    { numRuns: 150 },
  )
})
