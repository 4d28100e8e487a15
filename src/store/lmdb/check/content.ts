import { crc32 } from '../../../base/crc32.ts'
import { longestStoreKey } from '../../store.ts'
import { keyChecksum, mixed, stateKey } from '../contentState.ts'
import { Damage, number64, signed64 } from './page.ts'
import type { Pages } from './pages.ts'
import { readTree, type TakeEntry } from './tree.ts'

/** What the pages of a file have. */
export interface Content {
  readonly entries: number
  /** The sum of the digests of all entries. */
  readonly digest: number
  /** The value of the record that is no entry, if it is there. */
  readonly state: Buffer | undefined
}

/**
 * Reads each page that is in use, once. Throws `Damage` where one is not as LMDB writes it, is in use twice, or is
 * free, too.
 */
export async function readContent(pages: Pages): Promise<Content> {
  let entries = 0
  let digest = 0
  let state: Buffer | undefined

  const takeContent: TakeEntry = ({ page, start, end }, data, dataStart, dataEnd) => {
    if (end - start <= longestStoreKey) {
      digest = (digest + mixed(crc32(data, dataStart, dataEnd, keyChecksum(page, start, end)))) >>> 0
      entries++
      return
    }
    if (state !== undefined || !stateKey.equals(page.subarray(start, end))) {
      throw new Damage(`one with a key of ${end - start} bytes`)
    }
    state = Buffer.from(data.subarray(dataStart, dataEnd))
  }

  const free: Buffer[] = []
  const takeFree: TakeEntry = (_key, data, start, end) => free.push(Buffer.from(data.subarray(start, end)))
  await readTree(pages, pages.meta.free, false, takeFree)
  await readTree(pages, pages.meta.main, true, takeContent)
  for (const list of free) readFreePages(pages, list)
  pages.checkLast()
  return { entries, digest, state }
}

/**
 * A list of free pages: count:8 and so many numbers:8 of pages, where 0 is none, and a negative number says how many
 * there are from the following one on. More bytes may follow.
 */
function readFreePages(pages: Pages, list: Buffer): void {
  const damage = (): Damage => new Damage('one whose list of free pages is damaged')
  if (list.length < 8) throw damage()
  const count = number64(list, 0)
  if (8 + 8 * count > list.length) throw damage()
  for (let index = 1; index <= count; index++) {
    const number = signed64(list, 8 * index)
    if (number > 0) pages.free(number, 1)
    if (number >= 0) continue
    if (++index > count) throw damage()
    pages.free(signed64(list, 8 * index), -number)
  }
}
