import { noRoot, type Tree } from './meta.ts'
import {
  childOn,
  compareBytes,
  compareNumbers,
  Damage,
  damagedPage,
  flag,
  keyOn,
  nodeHeader,
  number64,
  pageHeader,
  type KeyAt,
} from './page.ts'
import type { Pages } from './pages.ts'

/** The most levels LMDB gives a tree. */
const deepest = 32

/** What is done with an entry of a tree: a key, and `data[start, end)`. */
export type TakeEntry = (key: KeyAt, data: Buffer, start: number, end: number) => void

/**
 * Reads a tree, and hands over its entries in order. Throws `Damage` where it is not as LMDB writes it: its pages and
 * entries as many as its meta page says, keys in order, no page written later than the one that leads to it. The keys
 * of the tree of free pages are numbers, those of the `main` one bytes.
 */
export async function readTree(pages: Pages, tree: Tree, isMain: boolean, takeEntry: TakeEntry): Promise<void> {
  const { pageSize, transaction } = pages.meta
  const found = { branches: 0, leaves: 0, overflows: 0, entries: 0 }
  const order = isMain ? compareBytes : compareNumbers
  const isKey = ({ start, end }: KeyAt): boolean => isMain || end - start === 8
  /** A page for each level, the leaves being level 1. */
  const buffers = Array.from({ length: Math.min(tree.depth, deepest) + 1 }, () => Buffer.alloc(pageSize))

  const takeNode = (page: Buffer, key: KeyAt, by: number): void => {
    const node = key.start - nodeHeader
    const length = page.readUInt32LE(node)
    if (page.readUInt16LE(node + 4) !== flag.elsewhere) {
      takeEntry(key, page, key.end, key.end + length)
      return
    }
    const count = number64(page, key.end + 16)
    const data = pages.readOverflow(number64(page, key.end), count, length, by)
    found.overflows += count
    takeEntry(key, data, pageHeader, data.length)
  }

  /** No key is before `from`, and all are before `to`. */
  const readLeaf = (number: number, by: number, newest: number, from?: KeyAt, to?: KeyAt): void => {
    const page = buffers[1]!
    const count = pages.readNode(page, number, true, by, newest)
    found.leaves++
    found.entries += count
    let before = from
    for (let index = 0; index < count; index++) {
      const key = keyOn(page, index)
      const least = index === 0 ? 0 : 1
      if (!isKey(key) || (before !== undefined && order(key, before) < least)) throw damagedPage(number)
      before = key
      takeNode(page, key, number)
    }
    if (to !== undefined && order(before!, to) >= 0) throw damagedPage(number)
  }

  const readBranch = async (
    level: number,
    number: number,
    by: number,
    newest: number,
    from?: KeyAt,
    to?: KeyAt,
  ): Promise<void> => {
    const page = buffers[level]!
    const count = pages.readNode(page, number, false, by, newest)
    const written = number64(page, 8)
    found.branches++
    if (isMain && count < 2) throw damagedPage(number)
    let start = from
    for (let index = 0; index < count; index++) {
      const end = index === count - 1 ? to : keyOn(page, index + 1)
      if (end !== undefined && (!isKey(end) || (start !== undefined && order(start, end) >= 0))) {
        throw damagedPage(number)
      }
      const child = childOn(page, index)
      if (level > 2) await readBranch(level - 1, child, number, written, start, end)
      else readLeaf(child, number, written, start, end)
      start = end
      await pages.giveWay()
    }
  }

  if (tree.root !== noRoot) {
    if (tree.depth === 0 || tree.depth > deepest) throw damagedPage(0)
    if (tree.depth === 1) readLeaf(tree.root, 0, transaction)
    else await readBranch(tree.depth, tree.root, 0, transaction)
  }
  const isAll =
    found.branches === tree.branches &&
    found.leaves === tree.leaves &&
    found.overflows === tree.overflows &&
    found.entries === tree.entries
  if (!isAll) throw new Damage('one whose pages are not all those that its meta page says')
}
