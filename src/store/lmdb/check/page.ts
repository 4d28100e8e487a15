/*
 * The pages of LMDB's trees, with numbers of the machine's own size and order, here 64 bits and little endian:
 *
 *   page     = number:8 transaction:8 pad:2 flags:2 lower:2 upper:2 offset:2 for each of lower/2 nodes … node*
 *                                 lower, upper and offsets count from the end of the page's header; the nodes are
 *                                 from upper to the end of the page, without a gap
 *   overflow = number:8 transaction:8 pad:2 flags:2 pages:4 data
 *   node     = low:2 high:2 flags:2 keyLength:2 key data [pad]      of an even length
 *                                 in a branch, low, high and flags are the number of a page, there are no data, and
 *                                 the first key does not count; in a leaf, low and high are the length of the data,
 *                                 which with flag 1 are first:8 transaction:8 count:8 of overflow pages that have them
 */
export const pageHeader = 24
export const nodeHeader = 8
const overflowLength = 24
export const flag = { branch: 1, leaf: 2, overflow: 4, meta: 8, elsewhere: 1 } as const

/** What is wrong with the file, as a noun phrase. */
export class Damage extends Error {}

export const damagedPage = (number: number): Damage => new Damage(`one whose page ${number} is damaged`)

/** Exact below 2^53, which no page number of a file reaches. */
export const number64 = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32

/** As `number64`, with a sign. */
export const signed64 = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readInt32LE(at + 4) * 2 ** 32

/** A key on a page. */
export interface KeyAt {
  readonly page: Buffer
  readonly start: number
  readonly end: number
}

const nodeOn = (page: Buffer, index: number): number => pageHeader + page.readUInt16LE(pageHeader + 2 * index)

export function keyOn(page: Buffer, index: number): KeyAt {
  const start = nodeOn(page, index) + nodeHeader
  return { page, start, end: start + page.readUInt16LE(start - 2) }
}

/** The page that a node of a branch leads to. */
export function childOn(page: Buffer, index: number): number {
  const node = nodeOn(page, index)
  return page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 2 ** 32
}

/** How many nodes a page has that should be this one of a tree. Throws `Damage` where LMDB writes none so. */
export function checkPage(page: Buffer, number: number, isLeaf: boolean, newest: number): number {
  const room = page.length - pageHeader
  const lower = page.readUInt16LE(20)
  const upper = page.readUInt16LE(22)
  const isWhole =
    number64(page, 0) === number &&
    number64(page, 8) <= newest &&
    page.readUInt16LE(18) === (isLeaf ? flag.leaf : flag.branch) &&
    lower > 0 &&
    (lower & 1) === 0 &&
    lower <= upper &&
    upper <= room
  if (!isWhole) throw damagedPage(number)
  let used = 0
  for (let index = 0; index < lower >> 1; index++) {
    const offset = page.readUInt16LE(pageHeader + 2 * index)
    if (offset < upper || offset + nodeHeader > room) throw damagedPage(number)
    const length = nodeLength(page, pageHeader + offset, isLeaf)
    if (offset + length > room) throw damagedPage(number)
    used += length + (length & 1)
  }
  if (used !== room - upper) throw damagedPage(number)
  return lower >> 1
}

function nodeLength(page: Buffer, node: number, isLeaf: boolean): number {
  const length = nodeHeader + page.readUInt16LE(node + 6)
  if (!isLeaf) return length
  const flags = page.readUInt16LE(node + 4)
  if (flags > flag.elsewhere) return Infinity
  return length + (flags === flag.elsewhere ? overflowLength : page.readUInt32LE(node))
}

/** A loop, because keys differ early: `Buffer.compare` takes four times as long. */
export function compareBytes(one: KeyAt, other: KeyAt): number {
  const length = Math.min(one.end - one.start, other.end - other.start)
  for (let index = 0; index < length; index++) {
    const difference = one.page[one.start + index]! - other.page[other.start + index]!
    if (difference !== 0) return difference
  }
  return one.end - one.start - (other.end - other.start)
}

export const compareNumbers = (one: KeyAt, other: KeyAt): number =>
  number64(one.page, one.start) - number64(other.page, other.start)
