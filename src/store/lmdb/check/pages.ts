import { fstatSync, readSync } from 'node:fs'
import { mostBeyond, type Meta } from './meta.ts'
import { checkPage, Damage, damagedPage, flag, number64, pageHeader } from './page.ts'

/** After so many pages the event loop goes on. */
const pagesAtOnce = 512

/** The pages of a data file: each is one of a tree or of the free ones, once. All throw `Damage`. */
export interface Pages {
  readonly meta: Meta
  /** Reads a page to `target`, and returns how many nodes it has; page `by`, of transaction `newest`, leads to it. */
  readNode(target: Buffer, number: number, isLeaf: boolean, by: number, newest: number): number
  /** Data of so many bytes that are on `count` pages of their own, behind a page's header. */
  readOverflow(first: number, count: number, length: number, by: number): Buffer
  /** These are free. */
  free(first: number, count: number): void
  /** Throws where neither the file nor the list of free pages has all pages up to the last one. */
  checkLast(): void
  /** To be awaited where the event loop may go on, which it does now and then. */
  giveWay(): Promise<void> | undefined
}

export function createPages(file: number, meta: Meta, nextTurn: () => Promise<void>): Pages {
  const { pageSize, lastPage, transaction } = meta
  const { size } = fstatSync(file)
  const pages = Math.floor(size / pageSize)
  const taken = new Uint8Array(pages)
  /** Free pages that the file does not have: LMDB need not have written them. */
  const beyond = new Set<number>()
  let read = 0

  const truncated = (): Damage =>
    new Damage(`one of ${size} bytes that lacks pages of the ${(lastPage + 1) * pageSize} bytes it should have`)

  const take = (number: number, by: number): void => {
    if (number < 2 || number > lastPage) throw damagedPage(by)
    if (number >= pages) throw truncated()
    if (taken[number] !== 0) throw damagedPage(by)
    taken[number] = 1
  }

  const readTo = (target: Buffer, number: number): void => {
    read++
    if (readSync(file, target, 0, target.length, number * pageSize) < target.length) throw truncated()
  }

  return {
    meta,
    readNode(target, number, isLeaf, by, newest) {
      take(number, by)
      readTo(target, number)
      return checkPage(target, number, isLeaf, newest)
    },
    readOverflow(first, count, length, by) {
      if (first < 2 || first + count - 1 > lastPage || count * pageSize < pageHeader + length) throw damagedPage(by)
      for (let index = 0; index < count; index++) take(first + index, by)
      const data = Buffer.allocUnsafe(pageHeader + length)
      readTo(data, first)
      const isWhole =
        number64(data, 0) === first &&
        number64(data, 8) <= transaction &&
        data.readUInt16LE(18) === flag.overflow &&
        data.readUInt32LE(20) === count
      if (!isWhole) throw damagedPage(first)
      return data
    },
    free(first, count) {
      if (first < 2 || first + count - 1 > lastPage || first + count > pages + mostBeyond) {
        throw new Damage('one whose list of free pages is damaged')
      }
      for (let page = first; page < first + count; page++) {
        if (page < pages ? taken[page] !== 0 : beyond.has(page)) {
          throw new Damage(`one whose page ${page} is free and in use`)
        }
        if (page < pages) taken[page] = 1
        else beyond.add(page)
      }
    },
    checkLast() {
      if (lastPage >= pages + beyond.size) throw truncated()
    },
    giveWay() {
      if (read < pagesAtOnce) return undefined
      read = 0
      return nextTurn()
    },
  }
}
