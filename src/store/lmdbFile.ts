import { open, type FileHandle } from 'node:fs/promises'
import { endianness } from 'node:os'
import { shown, WallarxError, type Where } from '../errors.ts'

/*
 * The data file of LMDB's format 2, with numbers of the machine's own size and order, here 64 bits and little endian:
 *
 *   file     = page*                                 the first two are meta pages, the newer of them counts
 *   page     = number:8 transaction:8 pad:2 flags:2 lower:2 upper:2 body
 *   meta     = magic:4 version:4 address:8 mapSize:8 tree(free pages) tree(entries) lastPage:8 transaction:8 …
 *   tree     = pad:4 flags:2 depth:2 branches:8 leaves:8 overflows:8 entries:8 root:8
 *                                                    the first tree's pad is the page size; root is all ones if it is empty
 *   branch   = offset:2 for each of lower/2 nodes …  offsets count from the end of the page's header
 *   leaf     = the same
 *   node     = low:2 high:2 flags:2 keyLength:2 key data
 *                                                    in a branch, low, high and flags are the number of a page; in a leaf with
 *                                                    flag 1, data is first:8 transaction:8 count:8 of pages elsewhere
 */
const pageHeader = 24
const metaLength = 160
const magic = 0xbeefc0de
const format = 2
const flag = { branch: 1, leaf: 2, meta: 8, elsewhere: 1 } as const
const noRoot = 2 ** 64
/** The most levels LMDB gives a tree. */
const deepest = 32

interface Meta {
  readonly pageSize: number
  readonly roots: readonly number[]
  readonly entries: number
  readonly lastPage: number
  readonly transaction: number
}

/**
 * How many entries a data file has; `undefined` if there is no such file, or it is empty. Rejects with `STORE_FAILED` where
 * LMDB would crash the process: it maps the file and trusts it. Seen with lmdb 3.5.6: a file that is cut off is a bus error
 * where a missing page is touched, often only by the first write, while reads before end early as if that was all; whatever
 * makes LMDB refuse to open a file, such as a damaged meta page, is a segmentation fault.
 *
 * Pages at the end that are free need not be in the file. So a file that is shorter than its meta page says is walked through:
 * it is whole if every page in use is there. Damage inside a file that is long enough is not looked for, as it would mean to
 * read all of it.
 */
export async function checkDataFile(path: string, where: Where): Promise<number | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(path, shown(cause), where, cause)
  }
  try {
    const { size } = await file.stat()
    if (size === 0) return undefined
    // Elsewhere the numbers are others, and LMDB is on its own.
    if (endianness() !== 'LE' || process.arch === 'ia32' || process.arch === 'arm') return 0
    return await checkPages(file)
  } catch (cause) {
    if (cause instanceof Damage) throw unreadable(path, cause.message, where)
    throw unreadable(path, shown(cause), where, cause)
  } finally {
    await file.close()
  }
}

async function checkPages(file: FileHandle): Promise<number> {
  for (;;) {
    const meta = await newestMeta(file)
    const { size } = await file.stat()
    if (size >= (meta.lastPage + 1) * meta.pageSize) return meta.entries
    try {
      for (const root of meta.roots) if (root !== noRoot) await walk(file, root, meta, size, deepest)
      return meta.entries
    } catch (error) {
      // A process that has the store open may have written to pages that were free when the walk began.
      if ((await newestMeta(file)).transaction === meta.transaction) throw error
    }
  }
}

/** What is wrong with the file, as a noun phrase. */
class Damage extends Error {}

async function newestMeta(file: FileHandle): Promise<Meta> {
  const first = await metaAt(file, 0)
  const second = await metaAt(file, first.pageSize)
  return second.transaction > first.transaction ? second : first
}

async function metaAt(file: FileHandle, position: number): Promise<Meta> {
  const page = await read(file, position, metaLength)
  if ((page.readUInt16LE(18) & flag.meta) === 0 || page.readUInt32LE(24) !== magic) {
    throw new Damage('one whose meta pages are damaged')
  }
  const version = page.readUInt32LE(28) & 0xffff
  if (version !== format) throw new Damage(`one in format ${version} of LMDB, not ${format}`)
  const pageSize = page.readUInt32LE(48)
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new Damage('one whose meta pages are damaged')
  }
  return {
    pageSize,
    roots: [number64(page, 88), number64(page, 136)],
    entries: number64(page, 128),
    lastPage: number64(page, 144),
    transaction: number64(page, 152),
  }
}

/** Throws `Damage` unless all pages of the tree are in the file. */
async function walk(file: FileHandle, number: number, meta: Meta, size: number, levels: number): Promise<void> {
  const { pageSize, lastPage } = meta
  const cutOff = (): Damage =>
    new Damage(`one of ${size} bytes that lacks pages of the ${(lastPage + 1) * pageSize} bytes it should have`)
  if ((number + 1) * pageSize > size) throw cutOff()
  const page = await read(file, number * pageSize, pageSize)
  const flags = page.readUInt16LE(18)
  if (levels === 0 || number64(page, 0) !== number || (flags & (flag.branch | flag.leaf)) === 0) {
    throw new Damage(`one whose page ${number} is damaged`)
  }
  const count = page.readUInt16LE(20) >> 1
  for (let index = 0; index < count; index++) {
    const node = pageHeader + page.readUInt16LE(pageHeader + 2 * index)
    const nodeFlags = page.readUInt16LE(node + 4)
    if ((flags & flag.branch) !== 0) {
      await walk(file, page.readUInt32LE(node) + nodeFlags * 2 ** 32, meta, size, levels - 1)
    } else if ((nodeFlags & flag.elsewhere) !== 0) {
      const data = node + 8 + page.readUInt16LE(node + 6)
      if ((number64(page, data) + number64(page, data + 16)) * pageSize > size) throw cutOff()
    }
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw new Damage('one that ends inside a page')
  return buffer
}

/** Exact below 2^53, which no page number of a file reaches. */
const number64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32

function unreadable(path: string, got: string, where: Where, cause?: unknown): WallarxError {
  return new WallarxError('STORE_FAILED', { expected: `${path} to be a whole data file`, got, where, cause })
}
