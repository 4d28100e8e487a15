import { fstatSync, readSync } from 'node:fs'
import { Damage, flag, number64, pageHeader } from './page.ts'

/*
 * The data file of LMDB's format 2, with numbers of the machine's own size and order, here 64 bits and little endian:
 *
 *   file     = page*              the first two are meta pages, the newer of them counts
 *   page     = number:8 transaction:8 pad:2 flags:2 …
 *   meta     = magic:4 version:4 address:8 mapSize:8 tree(free pages) tree(entries) lastPage:8 transaction:8 boot:8
 *   tree     = pad:4 flags:2 depth:2 branches:8 leaves:8 overflows:8 entries:8 root:8
 *                                 the first tree's pad is the page size; root is all ones if it is empty
 *
 * `page.ts` has the other pages. A transaction writes the meta page that has its number modulo 2, and no page that the
 * transaction before it has in use.
 */
const metaLength = 176
const magic = 0xbeefc0de
const format = 2
/**
 * The flags of the tree of free pages: its keys are numbers; lmdb's own mark of a file written with overlapping syncs.
 */
const freeFlags = { integerKey: 0x08, overlappingSync: 0x1000 } as const
/** More than a process can map. */
const largestMap = 2 ** 46

/** More free pages than this behind the end of a file are not believed. */
export const mostBeyond = 2 ** 24
/** As root, all ones. */
export const noRoot = 2 ** 64

export interface Tree {
  readonly depth: number
  readonly branches: number
  readonly leaves: number
  readonly overflows: number
  readonly entries: number
  readonly root: number
}

export interface Meta {
  readonly pageSize: number
  readonly free: Tree
  readonly main: Tree
  readonly lastPage: number
  readonly transaction: number
}

/** What the newer meta page says; the other one has to go with it. Throws `Damage`. */
export function readMeta(file: number): Meta {
  const first = metaAt(file, 0, 0)
  const second = metaAt(file, 1, first.pageSize)
  const [older, newer] = second.transaction > first.transaction ? [first, second] : [second, first]
  const isFresh = newer.transaction === 0
  const isPair = newer.pageSize === older.pageSize && (isFresh || newer.transaction === older.transaction + 1)
  const isMappable = newer.lastPage <= fstatSync(file).size / newer.pageSize + mostBeyond
  if (!isPair || !isMappable || !isMadeBy(file, newer)) throw metaDamage()
  return newer
}

const metaDamage = (): Damage => new Damage('one whose meta pages are damaged')

function metaAt(file: number, number: number, position: number): Meta {
  const page = Buffer.alloc(metaLength)
  if (readSync(file, page, 0, metaLength, position) < metaLength) throw new Damage('one that ends inside a page')
  if (page.readUInt16LE(18) !== flag.meta || page.readUInt32LE(24) !== magic) throw metaDamage()
  const version = page.readUInt32LE(28) & 0xffff
  if (version !== format) throw new Damage(`one in format ${version} of LMDB, not ${format}`)
  const pageSize = page.readUInt32LE(48)
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) throw metaDamage()
  const flags = page.readUInt16LE(52)
  const mapSize = number64(page, 40)
  const transaction = number64(page, 152)
  const isWhole =
    (flags & ~freeFlags.overlappingSync) === freeFlags.integerKey &&
    page.readUInt16LE(100) === 0 &&
    mapSize <= largestMap &&
    (transaction === 0 || transaction % 2 === number)
  if (!isWhole) throw metaDamage()
  return {
    pageSize,
    free: treeAt(page, 48),
    main: treeAt(page, 96),
    lastPage: number64(page, 144),
    transaction,
  }
}

const treeAt = (page: Buffer, at: number): Tree => ({
  depth: page.readUInt16LE(at + 6),
  branches: number64(page, at + 8),
  leaves: number64(page, at + 16),
  overflows: number64(page, at + 24),
  entries: number64(page, at + 32),
  root: number64(page, at + 40),
})

/** Whether the transaction that a meta page says wrote a root that it says, and none that is later did. */
function isMadeBy(file: number, { free, main, transaction, pageSize }: Meta): boolean {
  const roots = [free.root, main.root].filter((root) => root !== noRoot)
  if (roots.length === 0) return true
  const page = Buffer.alloc(pageHeader)
  const written = roots.map((root) => {
    const isThere = readSync(file, page, 0, pageHeader, root * pageSize) === pageHeader && number64(page, 0) === root
    return isThere ? number64(page, 8) : Infinity
  })
  return Math.max(...written) === transaction
}
