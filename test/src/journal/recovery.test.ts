/** What opening a log makes of what a crash, or damage, has left. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openJournalLog } from '../../../src/journal/log.ts'
import { temporaryFolder } from '../../support/files.ts'
import {
  append,
  contentOf,
  copyOf,
  damaged,
  flip,
  gone,
  makeLog,
  open,
  readAll,
  readInto,
  segmentFiles,
  segmentHeader,
  texts,
  threeSegments,
  type KnownRecord,
} from './logs.ts'

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
