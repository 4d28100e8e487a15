/** What an earlier version left on disk is read to the last byte, and what is written today is the same bytes. */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openJournalLog, type JournalLog } from '../../src/journal/log.ts'
import { backupOf, readBackup } from '../../src/store/backup.ts'
import { lmdbStore } from '../../src/store/lmdb/lmdbStore.ts'
import type { OpenStore, StoreEntry } from '../../src/store/store.ts'
import { temporaryFolder } from '../support/files.ts'
import { run } from '../../src/run/run.ts'
import { application, wordsAfter, wordsBefore } from './application.ts'
import { batches, commits, entries, segmentLength } from './content.ts'

/** What is random in a file is what it is in the golden one. */
let seed = 0
vi.mock('node:crypto', async (original) => ({
  ...(await original<object>()),
  randomBytes: () => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(seed)
    return bytes
  },
}))

const golden = (...path: string[]): string => join(import.meta.dirname, ...path)
const seedIn = (file: string): number => readFileSync(file).readUInt32BE(12)
const pairsOf = (found: readonly StoreEntry[]): [Buffer, Buffer][] => found.map(({ key, value }) => [key, value])
const all = (store: OpenStore): StoreEntry[] => [...store.range(Buffer.alloc(0))]

/** A copy, since opening a store writes to it. */
function copyOf(name: string): string {
  const directory = join(temporaryFolder(), name)
  cpSync(golden(name), directory, { recursive: true })
  return directory
}

async function opened(directory: string, options?: { readOnly?: boolean }): Promise<OpenStore> {
  const store = await lmdbStore(directory, options).open()
  onTestFinished(() => store.close())
  return store
}

async function openedJournal(directory: string, known?: { seed: number; synced: number }): Promise<JournalLog> {
  const log = await openJournalLog({ directory, segmentLength, ...known })
  onTestFinished(() => log.close())
  return log
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(readFileSync(file))
}

describe.skipIf(endianness() !== 'LE')(
  'a store that was written before (data.mdb has the order of its machine)',
  () => {
    test.each(['store-flushed', 'store-logged'])('has all its entries: %s', async (name) => {
      const directory = copyOf(name)
      const reader = await lmdbStore(directory, { readOnly: true }).open()
      expect(pairsOf(all(reader))).toEqual(entries)
      await reader.close()
      const store = await lmdbStore(directory).open()
      expect(pairsOf(all(store))).toEqual(entries)
      await store.commit([{ key: Buffer.from('zz'), value: Buffer.from('new') }])
      await store.close()
      expect(pairsOf(all(await opened(directory)))).toEqual([
        ...entries.slice(0, -2),
        ...entries.slice(-2, -1).flatMap((entry) => [[Buffer.from('zz'), Buffer.from('new')], entry]),
        entries.at(-1),
      ])
    })
  },
)

test('a run that an earlier version ended in goes on, with its states, its journal and its output', async () => {
  const wordsNow = ['to', 'what', 'question', 'indeed']
  const framesOf = (words: readonly string[]): Buffer[] => words.map((word) => Buffer.from(word))
  const directory = copyOf('crashed-run')
  const left = readFileSync(join(directory, 'lines'), 'utf8')
  const store = lmdbStore(join(directory, 'store'))
  await (
    await run({ ...application(directory, framesOf(wordsNow)), store })
  ).closed

  const inMemory = temporaryFolder()
  const words = [...wordsBefore, ...wordsAfter, ...wordsNow]
  await (
    await run(application(inMemory, framesOf(words), false))
  ).closed
  const lines = readFileSync(join(inMemory, 'lines'), 'utf8')
  expect(readFileSync(join(directory, 'lines'), 'utf8')).toBe(lines)
  expect(lines.startsWith(left)).toBe(true)
})

describe('what is written today is what was written before', () => {
  test('to the log in front of LMDB', async () => {
    const [file] = readdirSync(golden('store-logged')).filter((name) => name.startsWith('log-'))
    seed = seedIn(golden('store-logged', file!))
    const directory = join(temporaryFolder(), 'store')
    const first = await lmdbStore(directory).open()
    await first.commit(commits[0]!)
    await first.close()
    const store = await opened(directory)
    for (const changes of commits.slice(1)) await store.commit(changes)
    expect(readFileSync(join(directory, file!))).toEqual(readFileSync(golden('store-logged', file!)))
  })

  test('as the format of a store', async () => {
    const directory = join(temporaryFolder(), 'store')
    await opened(directory)
    const name = 'wallarx-store.json'
    expect(readFileSync(join(directory, name))).toEqual(readFileSync(golden('store-flushed', name)))
  })

  test('to a journal', async () => {
    const directory = join(temporaryFolder(), 'journal')
    seed = seedIn(golden('journal-2', readdirSync(golden('journal-2'))[0]!))
    const log = await openedJournal(directory)
    for (const frames of batches) {
      const batch = log.createBatch()
      batch.arrive(Date.UTC(2026, 0, 1))
      for (const frame of frames) batch.add(frame, 0, frame.length)
      log.append(batch)
    }
    const names = readdirSync(golden('journal-2'))
    expect(names).toHaveLength(3)
    expect(readdirSync(directory)).toEqual(names)
    for (const name of names)
      expect(readFileSync(join(directory, name))).toEqual(readFileSync(golden('journal-2', name)))
  })

  test('to a backup', async () => {
    const store = await opened(join(temporaryFolder(), 'store'))
    for (const changes of commits) await store.commit(changes)
    expect(Buffer.concat([...backupOf(all(store))])).toEqual(readFileSync(golden('backup')))
  })
})

test.each(['journal', 'journal-2'])('a %s that was written before has all its frames', async (name) => {
  const log = await openedJournal(copyOf(name))
  const frames: Buffer[] = []
  for await (const records of log.read(log.start)) {
    records.forEach((bytes, start, end) => frames.push(Buffer.from(bytes.subarray(start, end))))
  }
  expect(frames).toEqual(batches.flat())
  expect(log.cut).toBeUndefined()
})

test('a backup that was written before has all its entries', async () => {
  const found: StoreEntry[] = []
  for await (const { key, value } of readBackup(bytesOf(golden('backup')))) {
    found.push({ key: Buffer.from(key), value: Buffer.from(value) })
  }
  expect(pairsOf(found)).toEqual(entries)
})
