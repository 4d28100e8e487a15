import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { WallarxError, type Where } from '../../../base/errors.ts'
import type { ContentState } from '../contentState.ts'
import { createMemtable, type Memtable } from '../memtable.ts'
import { headerLength, WalDamage, readWalFileHeader, readRecords, type WalRecords } from './format.ts'

/** A file of the log as it was when it was read. */
export interface WalFile {
  readonly path: string
  /** Tells it from another one of this name, and from itself when it was written to. */
  readonly identity: string
  /** The number of its first record. */
  readonly first: number
  readonly seed: number
  /** The number of its last record; `first - 1` where it has none. */
  readonly last: number
  /** The byte behind its last record. */
  readonly end: number
  readonly then: WalRecords['then']
  /** What its records change. */
  readonly memtable: Memtable
}

export const walFilePath = (directory: string, first: number): string => join(directory, `log-${first}`)

/** The numbers that the files of a log have in their names, in order. */
export function walFilesIn(directory: string): number[] {
  return readdirSync(directory)
    .flatMap((name) => /^log-([1-9]\d*)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b)
}

/**
 * The files of a log in the order of their records; none that was not begun with more than its name. Files that are
 * `known` from an earlier call are read on, their memtables added to, where nothing but records came to them. Reads
 * synchronously: a log is short. Throws `STORE_FAILED` where a file is not what was written, and what the system says.
 */
export function readWalFiles(directory: string, where: Where, known: readonly WalFile[] = []): WalFile[] {
  return walFilesIn(directory).flatMap((first) => {
    const before = known.find((file) => file.first === first)
    return readWalFile(walFilePath(directory, first), first, where, before) ?? []
  })
}

/** Changes with each write to a file. */
export function walFileIdentity(path: string): string {
  return identityOf(statSync(path, { bigint: true }))
}

const identityOf = ({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string =>
  `${ino} ${size} ${mtimeNs}`

function readWalFile(path: string, first: number, where: Where, known: WalFile | undefined): WalFile | undefined {
  const file = openSync(path, 'r')
  try {
    const stat = fstatSync(file, { bigint: true })
    const identity = identityOf(stat)
    if (known?.identity === identity) return known
    const size = Number(stat.size)
    const header = readFully(file, 0, Math.min(size, headerLength))
    if (header.length < headerLength || (header.every((byte) => byte === 0) && isAllZeros(file, size))) return undefined
    const said = readWalFileHeader(header)
    if (said.wrong !== undefined) throw walFailed(path, said.wrong, where)
    if (said.first !== first) throw walFailed(path, `the one that begins with commit ${said.first}`, where)
    const goesOn = known?.seed === said.seed && known.end <= size
    const start = goesOn ? known.end : headerLength
    const { records, end, then } = readRecords(readFully(file, start, size - start), start, said.seed)
    const memtable = goesOn ? known.memtable : createMemtable()
    for (const record of records) memtable.add(record)
    const last = (goesOn ? known.last : first - 1) + records.length
    return { path, identity, first, seed: said.seed, last, end, then, memtable }
  } catch (error) {
    if (!(error instanceof WalDamage)) throw error
    const cure = 'to go on without what comes from there on, cut the file off there and remove later files of the log'
    throw walFailed(path, `${error.message}; ${cure}`, where)
  } finally {
    closeSync(file)
  }
}

/**
 * Throws `STORE_FAILED` unless the files have every record that LMDB has not, without a gap, as far as that can be
 * known: what was cut off at the end of the last record of the last file cannot.
 */
export function checkWalFiles(
  files: readonly WalFile[],
  { applied, logged }: Pick<ContentState, 'applied' | 'logged'>,
  directory: string,
  where: Where,
): void {
  const needed = files.filter((file) => file.last > applied || (logged && file === files.at(-1)))
  const [first] = needed
  if (logged && (first === undefined || first.first > applied + 1)) {
    throw walFailed(
      walFilePath(directory, applied + 1),
      first === undefined ? 'none' : `${first.path} as the first`,
      where,
    )
  }
  for (const [index, { path, last, then }] of needed.entries()) {
    const next = needed[index + 1]
    if (next === undefined) {
      if (then === 'another file') throw walFailed(walFilePath(directory, last + 1), 'none', where)
      if (last < applied) throw walFailed(path, `one that ends before commit ${applied}`, where)
    } else if (next.first !== last + 1 || (then !== 'another file' && next.last >= next.first)) {
      throw walFailed(path, `one that ends after commit ${last}, while ${next.path} follows`, where)
    }
  }
}

function walFailed(path: string, got: string, where: Where): WallarxError {
  return new WallarxError('STORE_FAILED', { expected: `${path} to be there and whole`, got, where })
}

/** No system reads 2 GiB at once. */
const longestRead = 2 ** 30

function readFully(file: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(file, bytes, filled, Math.min(length - filled, longestRead), from + filled)
    if (read === 0) break // it was cut off meanwhile
    filled += read
  }
  return bytes.subarray(0, filled)
}

const isAllZeros = (file: number, size: number): boolean => readFully(file, 0, size).every((byte) => byte === 0)
