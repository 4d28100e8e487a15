/**
 * First in, first out, in constant time each (`Array.shift` is linear beyond some ten thousand items). Unbounded by
 * itself.
 */
export interface Queue<Item> {
  readonly size: number
  push(item: Item): void
  /** The oldest item, still in the queue. */
  peek(): Item | undefined
  shift(): Item | undefined
  clear(): void
  [Symbol.iterator](): IterableIterator<Item>
}

interface Link<Item> {
  readonly item: Item
  next: Link<Item> | undefined
}

export function createQueue<Item>(): Queue<Item> {
  let first: Link<Item> | undefined
  let last: Link<Item> | undefined
  let size = 0
  return {
    get size() {
      return size
    },
    push(item) {
      const link: Link<Item> = { item, next: undefined }
      if (last === undefined) first = link
      else last.next = link
      last = link
      size++
    },
    peek: () => first?.item,
    shift() {
      if (first === undefined) return undefined
      const { item } = first
      first = first.next
      if (first === undefined) last = undefined
      size--
      return item
    },
    clear() {
      first = last = undefined
      size = 0
    },
    *[Symbol.iterator]() {
      for (let link = first; link !== undefined; link = link.next) yield link.item
    },
  }
}
