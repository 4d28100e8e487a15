import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openJournalLog, type JournalLog, type JournalLogOptions } from '../../src/journalLog.ts'
import { segmentFileName } from '../../src/journalSegment.ts'
import { temporaryFolder } from '../support/files.ts'
import { startNode } from '../support/processes.ts'
import { noSmallDisk, smallDisk } from '../support/smallDisk.ts'
import {
  append,
  contentOf,
  known,
  makeLog,
  readAll,
  readInto,
  recordHeader,
  segmentFiles,
  segmentHeader,
  type KnownRecord,
} from './journalLogs.ts'

async function open(options: JournalLogOptions): Promise<JournalLog> {
  const log = await openJournalLog(options)
  onTestFinished(() => log.close())
  return log
}

const texts = (records: readonly KnownRecord[]): string[] => records.map(({ text }) => text)

/** A folder with the same segment files, to be harmed. */
function copyOf(directory: string): string {
  const copy = temporaryFolder()
  for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(copy, name))
  return copy
}

function flip(path: string, offset: number, bits: number): void {
  const bytes = readFileSync(path)
  bytes[offset]! ^= bits
  writeFileSync(path, bytes)
}

const damaged = { code: 'JOURNAL_DAMAGED', kind: 'environment' }
const gone = { code: 'JOURNAL_POSITION_GONE', kind: 'environment' }
const failed = { code: 'JOURNAL_FAILED', kind: 'environment' }

/** Three segments: `a` and `bb`, then an empty one and `ccc`, then `dddd` and `eeeee`. */
async function threeSegments(): Promise<{ directory: string; records: KnownRecord[]; bases: number[] }> {
  const directory = temporaryFolder()
  const records = await makeLog({ directory, segmentLength: 20 }, [
    ['a', 'bb'],
    ['', 'ccc'],
    ['dddd', 'eeeee'],
  ])
  const bases = segmentFiles(directory).map(({ base }) => base)
  expect(bases).toEqual([0, records[2]!.position, records[4]!.position])
  return { directory, records, bases }
}

describe('the layout of the log', () => {
  // Written with another program: struct and zlib of Python.
  const header = '77616c6c6172786a00000001010203040000000000001000615a12c3'
  const records = '000000004d031ab0' + '000000013a803f94' + '61' + '000000050e2f07cb' + '68656c6c6f'
  const name = '00000000000000004096.journal'

  test('is what it was: reads a golden file', async () => {
    const directory = temporaryFolder()
    writeFileSync(join(directory, name), header + records, 'hex')
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
    expect(next.slice(0, 48)).toBe('77616c6c6172786a0000000101020304000000000000101e')
    expect(next.slice(56)).toBe('000000050e2f07cb68656c6c6f')
  })

  test('of another version is refused, not taken for damage', async () => {
    const directory = temporaryFolder()
    const version2 = '77616c6c6172786a00000002010203040000000000001000'
    writeFileSync(join(directory, name), `${version2}f2e0a4a4`, 'hex')
    await expect(openJournalLog({ directory })).rejects.toMatchObject(damaged) // the checksum is wrong
    writeFileSync(join(directory, name), `${version2}dc907e0d`, 'hex')
    for (const onDamage of ['stop', 'skip'] as const) {
      await expect(openJournalLog({ directory, onDamage })).rejects.toMatchObject({ ...failed, got: 'version 2' })
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

  test('gives back what was appended, with the position behind each record, at once and when it is opened again', async () => {
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

  test('takes a record of the maximum length and says FRAME_TOO_LONG to a longer one, which is not in the batch then', async () => {
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

  test('reads records that are longer than what it reads at once, and short ones in pieces of bounded length', async () => {
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

describe('a log that ends within a record', () => {
  test('opens, wherever it was cut off, with exactly the whole records before, and can be appended to', async () => {
    const { directory, records, bases } = await threeSegments()
    const last = segmentFiles(directory)[2]!
    for (let size = 0; size <= last.size; size++) {
      const copy = copyOf(directory)
      truncateSync(segmentFiles(copy)[2]!.path, size)
      const end = size < segmentHeader ? bases[2]! : bases[2]! + size - segmentHeader
      const whole = records.filter((record) => record.positionAfter <= end)
      const position = whole.at(-1)!.positionAfter
      const bytes = size < segmentHeader ? size : end - position

      const log = await openJournalLog({ directory: copy })
      expect(log.cut).toEqual(bytes === 0 ? undefined : { position, bytes })
      expect(log.end).toBe(position)
      expect(await readAll(log)).toEqual(whole)
      const [added] = append(log, ['added'])
      await log.close()
      expect(await contentOf({ directory: copy })).toMatchObject({ records: [...whole, added], cut: undefined })
    }
  })

  test('and is its only segment opens too, even without a header', async () => {
    const directory = temporaryFolder()
    const records = await makeLog({ directory }, [['a', 'bb', '']])
    const { size } = segmentFiles(directory)[0]!
    for (let length = 0; length <= size; length++) {
      const copy = copyOf(directory)
      truncateSync(segmentFiles(copy)[0]!.path, length)
      const whole = records.filter((record) => record.positionAfter <= length - segmentHeader)
      expect(await contentOf({ directory: copy })).toMatchObject({ records: whole, start: 0, skipped: [] })
    }
  })

  test('keeps its base where only the beginning of a trimmed log is there', async () => {
    const { directory, bases } = await threeSegments()
    const log = await open({ directory })
    await log.trim(log.end)
    await log.close()
    truncateSync(segmentFiles(directory)[0]!.path, 10)
    expect(await contentOf({ directory })).toMatchObject({ records: [], start: bases[2], end: bases[2] })
  })

  test('with zeros, or anything that is no record, opens with the records before', async () => {
    for (const tail of [Buffer.alloc(1), Buffer.alloc(5000), Buffer.alloc(300_000, 0xff), Buffer.from('some text')]) {
      const { directory, records } = await threeSegments()
      const { path } = segmentFiles(directory)[2]!
      writeFileSync(path, Buffer.concat([readFileSync(path), tail]))
      const { records: found, cut, end } = await contentOf({ directory })
      expect(found).toEqual(records)
      expect(cut).toEqual({ position: end, bytes: tail.length })
    }
  })

  test('or in a segment of zeros only opens with the records before', async () => {
    const { directory, records } = await threeSegments()
    const end = records.at(-1)!.positionAfter
    writeFileSync(join(directory, `${String(end).padStart(20, '0')}.journal`), Buffer.alloc(4096))
    expect(await contentOf({ directory })).toMatchObject({ records, end, cut: { position: end, bytes: 4096 } })
  })

  test('is not taken for damaged where the record that was cut off contains records of a journal', async () => {
    const { directory: other } = await threeSegments()
    const payload = Buffer.concat(segmentFiles(other).map(({ path }) => readFileSync(path)))
    const directory = temporaryFolder()
    const records = await makeLog({ directory }, [['first', payload]])
    const { path, size } = segmentFiles(directory)[0]!
    truncateSync(path, size - 1)
    expect(await contentOf({ directory })).toMatchObject({ records: records.slice(0, 1), skipped: [] })
  })

  test('is read in a short time, whatever the lengths in what is left of the record', async () => {
    // Every fourth byte begins what could be a record of 64 KiB.
    const payload = Buffer.alloc(1_000_000, Buffer.of(0, 1, 0, 0))
    const directory = temporaryFolder()
    const records = await makeLog({ directory }, [['first', payload]])
    const { path, size } = segmentFiles(directory)[0]!
    truncateSync(path, size - 1)
    const started = performance.now()
    expect(await contentOf({ directory })).toMatchObject({ records: records.slice(0, 1), skipped: [] })
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('a log with one wrong byte', () => {
  test.each([0x01, 0x80, 0xff])(
    'is torn or damaged, as the place says, and all else can be read (^ %i)',
    async (bits) => {
      const { directory, records } = await threeSegments()
      for (const [segment, { base, size }] of segmentFiles(directory).entries()) {
        for (let offset = 0; offset < size; offset++) {
          const copy = copyOf(directory)
          const { path } = segmentFiles(copy)[segment]!
          flip(path, offset, bits)
          const position = base + offset - segmentHeader
          const bad = records.findIndex((record) => record.positionAfter > position)
          const isHeader = offset < segmentHeader
          const isTail = bad === records.length - 1 && !isHeader
          const inThis = (record: KnownRecord): boolean =>
            record.position >= base && record.position < base + size - segmentHeader
          const others = records.filter((record, n) => (isHeader ? !inThis(record) : n !== bad))

          if (isTail) {
            const { positionAfter } = records.at(-2)!
            const bytes = records.at(-1)!.positionAfter - positionAfter
            expect(await contentOf({ directory: copy })).toMatchObject({
              records: others,
              cut: { position: positionAfter, bytes },
            })
            continue
          }
          if (isHeader || segment === 2) {
            await expect(openJournalLog({ directory: copy })).rejects.toMatchObject(damaged)
          } else {
            const log = await openJournalLog({ directory: copy })
            const found: KnownRecord[] = []
            const error: unknown = await readInto(log, 0, found).catch((thrown: unknown) => thrown)
            await log.close()
            expect(error).toMatchObject(damaged)
            expect(String(error)).toContain(`${path} from byte ${segmentHeader + records[bad]!.position - base} `)
            expect(String(error)).toContain(
              `log position ${records[bad]!.positionAfter}, open the journal with onDamage`,
            )
            expect(found).toEqual(records.slice(0, bad))
          }

          const skipping = await openJournalLog({ directory: copy, onDamage: 'skip' })
          const added = append(skipping, ['added'])
          expect(skipping.cut).toBeUndefined()
          await skipping.close()
          const content = await contentOf({ directory: copy, onDamage: 'skip' })
          expect(content.records).toEqual([...others, ...added])
          expect(content.skipped.at(-1)).toMatchObject({
            file: path,
            position: isHeader ? base : records[bad]!.position,
            positionAfter: isHeader ? base + size - segmentHeader : records[bad]!.positionAfter,
          })
        }
      }
    },
  )

  test('is torn from there on if that is not synced, and is not looked at before the synced position', async () => {
    const { directory, records } = await threeSegments()
    for (const synced of [0, ...records.map(({ positionAfter }) => positionAfter)]) {
      for (const [bad, { position }] of records.entries()) {
        const copy = copyOf(directory)
        const segment = segmentFiles(copy).findLast(({ base }) => base <= position)!
        flip(segment.path, segmentHeader + position - segment.base, 0xff)
        const log = await openJournalLog({ directory: copy, synced })
        if (position < synced) {
          expect(log.cut).toBeUndefined()
          expect(await readAll(log, synced)).toEqual(records.filter((record) => record.position >= synced))
        } else {
          expect(log.cut).toMatchObject({ position })
          expect(await readAll(log)).toEqual(records.slice(0, bad))
          const [added] = append(log, ['added'])
          expect((await readAll(log)).at(-1)).toEqual(added)
        }
        await log.close()
      }
    }
  })
})

test('a newest segment without records whose header is wrong is damage; skipping makes it anew', async () => {
  const { directory, records, bases } = await threeSegments()
  const { path } = segmentFiles(directory)[2]!
  truncateSync(path, segmentHeader)
  flip(path, 13, 0xff)
  await expect(openJournalLog({ directory })).rejects.toMatchObject(damaged)
  const log = await open({ directory, onDamage: 'skip' })
  expect(append(log, ['added'])).toMatchObject([{ position: bases[2] }])
  expect(texts(await readAll(log))).toEqual([...texts(records.slice(0, 4)), 'added'])
})

describe('a log that was synced', () => {
  test('and is cut off before that position is damaged; skipping begins a segment there', async () => {
    const { directory, records } = await threeSegments()
    const { path, size } = segmentFiles(directory)[2]!
    truncateSync(path, size - 1)
    const synced = records.at(-1)!.positionAfter
    await expect(openJournalLog({ directory: copyOf(directory), synced })).rejects.toMatchObject(damaged)
    const log = await open({ directory, synced, onDamage: 'skip' })
    expect(log.end).toBe(synced)
    const added = append(log, ['added'])
    expect(await readAll(log, synced)).toEqual(added)
    expect(texts(await readAll(log))).toEqual(['a', 'bb', '', 'ccc', 'dddd', 'added'])
  })

  test('and whose segments are gone is damaged; skipping begins anew at that position', async () => {
    const directory = temporaryFolder()
    await expect(openJournalLog({ directory, synced: 100 })).rejects.toMatchObject(damaged)
    const log = await open({ directory, synced: 100, onDamage: 'skip' })
    expect([log.start, log.end]).toEqual([100, 100])
    expect(append(log, ['a'])).toEqual([{ text: 'a', position: 100, positionAfter: 109 }])
  })

  test('opens with any set of pages of what was not synced', async () => {
    const directory = temporaryFolder()
    const records = await makeLog(
      { directory, segmentLength: 200 },
      Array<string[]>(20).fill(['some record', 'and another']),
    )
    const synced = records[7]!.positionAfter
    const files = segmentFiles(directory)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(files.length - 1), fc.nat(300), fc.nat(60)), { maxLength: 4 }),
        async (holes) => {
          const copy = copyOf(directory)
          let first = Infinity // the first byte that is wrong
          for (const [segment, offset, length] of holes) {
            const { path, base, size } = segmentFiles(copy)[segment]!
            const bytes = readFileSync(path)
            const from = Math.max(offset, base <= synced ? segmentHeader + synced - base : 0)
            if (from >= Math.min(size, offset + length)) continue
            const changed = bytes.findIndex((byte, at) => at >= from && at < offset + length && byte !== 0)
            if (changed >= 0) first = Math.min(first, base + Math.max(changed - segmentHeader, 0))
            writeFileSync(path, bytes.fill(0, from, Math.min(size, offset + length)))
          }
          const whole = records.filter(({ positionAfter }) => positionAfter <= first)
          const { records: found, end } = await contentOf({ directory: copy, synced })
          expect(found).toEqual(whole)
          expect(end).toBe(whole.at(-1)!.positionAfter)
          rmSync(copy, { recursive: true })
        },
      ),
      { numRuns: 60 },
    )
  })

  test('up to a position within a record is not cut there', async () => {
    const { directory, records } = await threeSegments()
    const synced = records[0]!.positionAfter + 1
    await expect(openJournalLog({ directory, synced })).rejects.toMatchObject(gone)
    expect((await contentOf({ directory })).records).toEqual(records)
  })
})

describe('a log without one of its segments', () => {
  test('in the middle is damaged; skipping reads the others', async () => {
    const { directory, records, bases } = await threeSegments()
    rmSync(segmentFiles(directory)[1]!.path)
    await expect(openJournalLog({ directory })).rejects.toMatchObject(damaged)
    const { records: found, skipped } = await contentOf({ directory, onDamage: 'skip' })
    expect(found).toEqual([...records.slice(0, 2), ...records.slice(4)])
    expect(skipped.at(-1)).toMatchObject({ position: bases[1], positionAfter: bases[2] })
    expect((await contentOf({ directory, onDamage: 'skip' }, bases[1])).records).toEqual(records.slice(4))
  })

  test('at its beginning is one that was trimmed; skipping reads the others', async () => {
    const { directory, records, bases } = await threeSegments()
    rmSync(segmentFiles(directory)[0]!.path)
    await expect(contentOf({ directory }, 0)).rejects.toMatchObject(gone)
    const { records: found, skipped } = await contentOf({ directory, onDamage: 'skip' }, 0)
    expect(found).toEqual(records.slice(2))
    expect(skipped).toMatchObject([{ position: 0, positionAfter: bases[1] }])
  })

  test('whole, or with bytes too many, is damaged', async () => {
    const { directory, records } = await threeSegments()
    const { path, size } = segmentFiles(directory)[1]!
    const bytes = readFileSync(path)
    for (const harmed of [bytes.subarray(0, size - 1), Buffer.concat([bytes, Buffer.alloc(9)])]) {
      writeFileSync(path, harmed)
      await expect(openJournalLog({ directory })).rejects.toMatchObject(damaged)
      const { records: found } = await contentOf({ directory, onDamage: 'skip' })
      expect(found).toEqual(harmed.length > size ? records : records.filter((_, n) => n !== 3))
    }
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

/** A program that appends numbered records, one batch after the other, and prints the last number of each when it is in. */
const appender = `
  import { writeSync } from 'node:fs'
  import { openJournalLog } from './src/journalLog.ts'
  const [directory, first, longest, options = '{}'] = process.argv.slice(1)
  const log = await openJournalLog({ directory, ...JSON.parse(options) })
  const batch = log.createBatch()
  const text = 'x'.repeat(Number(longest))
  let next = Number(first)
  let failure
  while (failure === undefined) {
    for (let size = next % 50; size >= 0; size--) {
      const bytes = Buffer.from(next + ' ' + text.slice(0, (next++ * 31) % (text.length + 1)))
      batch.add(bytes, 0, bytes.length)
    }
    try {
      log.append(batch)
      writeSync(1, (next - 1) + '\\n')
      if (next % 7 === 0) log.sync().catch((error) => (failure ??= error))
      if (next % 11 === 0) await new Promise(setImmediate)
    } catch (error) {
      failure = error
    }
  }
  const again = (() => { try { log.append(batch) } catch (error) { return error.message } })()
  await log.close()
  console.log(JSON.stringify({ code: failure.code, cause: failure.cause?.code, again }))
`

const numbersOf = (records: readonly KnownRecord[]): number[] => records.map(({ text }) => parseInt(text, 10))
const numbersTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, n) => n)

test('a process that is killed at any moment leaves every record whose append has returned, no gap and no other', async () => {
  const directory = temporaryFolder()
  let last = -1
  for (let round = 0; round < 10; round++) {
    const options = JSON.stringify({ segmentLength: 200_000 })
    const program = startNode(
      ...['--import', 'tsx', '--input-type=module', '--eval', appender, '--'],
      ...[directory, String(last + 1), '2000', options],
    )
    await program.until(() => program.stdout() !== '')
    await delay(Math.random() * 60)
    program.process.kill('SIGKILL')
    expect(await program.ended).toBe('SIGKILL')
    const printed = program.stdout().split('\n').slice(0, -1).map(Number)
    const { records, end } = await contentOf({ directory })
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
    expect(records.at(-1)!.positionAfter).toBe(end)
    expect(records.length - 1).toBeGreaterThanOrEqual(printed.at(-1)!)
    last = records.length - 1
  }
}, 60_000)

test.skipIf(process.platform === 'win32')(
  'a log that cannot grow says JOURNAL_FAILED, is unusable from then on, and opens with all that was appended',
  async () => {
    for (const longest of [100, 20_000]) {
      const directory = temporaryFolder()
      // The longest file a process may write stands for a full disk: a write is cut short there, and the next one fails.
      const { stdout, stderr } = spawnSync(
        'bash',
        [
          ...['-c', 'ulimit -f 700 && exec "$@"', 'bash'],
          ...[process.execPath, '--import', 'tsx', '--input-type=module', '--eval', appender, '--'],
          ...[directory, '0', String(longest)],
        ],
        { encoding: 'utf8', env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
      )
      const lines = stdout.trim().split('\n')
      expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toEqual({
        code: 'JOURNAL_FAILED',
        cause: 'EFBIG',
        again: expect.stringContaining('must be opened again') as unknown,
      })
      expect(statSync(segmentFiles(directory)[0]!.path).size).toBe(700 * 1024)
      const { records, cut } = await contentOf({ directory })
      expect(cut).toBeDefined()
      expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
      expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
    }
  },
)

const inNode = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', appender, '--'] as const
const quick = { encoding: 'utf8', env: { ...process.env, TSX_DISABLE_CACHE: '1' } } as const

test('a log on a disk that is full says JOURNAL_FAILED, and opens with all that was appended', async ({ skip }) => {
  skip(noSmallDisk !== undefined, noSmallDisk)
  for (const longest of [100, 20_000]) {
    const disk = smallDisk(700)
    const [file, ...args] = disk.command(...inNode, disk.directory, '0', String(longest))
    const { stdout, stderr } = spawnSync(file, args, quick)
    const lines = stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toEqual({
      code: 'JOURNAL_FAILED',
      cause: 'ENOSPC',
      again: expect.stringContaining('must be opened again') as unknown,
    })
    const { records } = await contentOf({ directory: disk.kept })
    expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
  }
})

test.for([
  ['a write', 'pwrite64'],
  ['a sync', 'fdatasync'],
] as const)(
  '%s that the disk answers with an error makes the log unusable, and it opens with all before',
  async ([, call], { skip }) => {
    const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
    skip(!traceable, 'strace is not there or not allowed')
    const directory = temporaryFolder()
    // The system call really gives EIO, from the 5th on that comes to a file of the journal.
    const fault = [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-P',
      join(directory, segmentFileName(0)),
      '-e',
      `inject=${call}:error=EIO:when=5+`,
    ]
    const { stdout, stderr } = spawnSync('strace', [...fault, ...inNode, directory, '0', '1000'], quick)
    const lines = stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toMatchObject({ code: 'JOURNAL_FAILED', cause: 'EIO' })
    const { records } = await contentOf({ directory })
    expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
  },
)
