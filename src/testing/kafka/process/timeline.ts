/** Virtual time: what is to happen, in order. It passes as fast as what happens takes. */
export interface Timeline {
  /** In ms. */
  readonly now: number
  /** Calls `work` after so many ms. The result takes the wish back. */
  after(milliseconds: number, work: () => void): () => void
  /** When something happens next. */
  readonly next: number | undefined
  /** Goes there, and lets it happen. */
  step(): void
  /** Goes to a time at which nothing has happened before. */
  goTo(time: number): void
}

interface Entry {
  readonly due: number
  readonly order: number
  work: (() => void) | undefined
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.due < other.due || (one.due === other.due && one.order < other.order)

export function createTimeline(): Timeline {
  /** A binary heap. */
  const heap: Entry[] = []
  let cancelled = 0
  let orders = 0
  let now = 0

  const push = (entry: Entry): void => {
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entry, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  const sink = (entry: Entry, from: number): void => {
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, entry)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = entry
  }

  const pop = (): Entry => {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) sink(last, 0)
    return first
  }

  /** The first one that was not taken back. */
  const first = (): Entry | undefined => {
    while (heap.length > 0 && heap[0]!.work === undefined) {
      pop()
      cancelled--
    }
    return heap[0]
  }

  /** Most waits are taken back: those would be most of the heap. */
  const sweep = (): void => {
    const left = heap.filter(({ work }) => work !== undefined).sort((one, other) => (isBefore(one, other) ? -1 : 1))
    heap.length = 0
    heap.push(...left)
    cancelled = 0
  }

  return {
    get now() {
      return now
    },
    after(milliseconds, work) {
      const entry: Entry = { due: now + Math.max(0, milliseconds), order: orders++, work }
      push(entry)
      return () => {
        if (entry.work === undefined) return
        entry.work = undefined
        if (++cancelled > 100 && 2 * cancelled > heap.length) sweep()
      }
    },
    get next() {
      return first()?.due
    },
    step() {
      const entry = first()
      if (entry === undefined) return
      pop()
      now = entry.due
      const { work } = entry
      entry.work = undefined
      work!()
    },
    goTo(time) {
      now = time
    },
  }
}
