/** A side that is read, and whether it owes an answer. */
interface Side<Item> {
  readonly iterator: AsyncIterator<Item>
  state: 'idle' | 'asked' | 'over'
}

type Result<Item> = IteratorResult<Item, undefined>

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * The items of several iterables as they come. Each is asked for its next item when that before is dealt with, as who
 * asks for another one says; `merge` of ix asks before, so that what is inside it is nowhere.
 */
export function inTurn<Item>(all: readonly AsyncIterable<Item>[]): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]: (signal?: AbortSignal) =>
      new InTurn(all.map((one) => (one as Abortable<Item>)[Symbol.asyncIterator](signal))),
  }
}

/** Those of ix take a signal. */
interface Abortable<Item> {
  [Symbol.asyncIterator](signal: AbortSignal | undefined): AsyncIterator<Item>
}

/** One iteration, of who asks for an item when he has got that before. */
class InTurn<Item> implements AsyncIterator<Item, undefined> {
  readonly #sides: readonly Side<Item>[]
  readonly #came: { readonly side: Side<Item>; readonly item: Item }[] = []
  /** That of the item that was given last. */
  #given: Side<Item> | undefined
  #request: { resolve(result: Result<Item>): void; reject(error: unknown): void } | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(iterators: readonly AsyncIterator<Item>[]) {
    this.#sides = iterators.map((iterator) => ({ iterator, state: 'idle' }))
  }

  next(): Promise<Result<Item>> {
    return new Promise((resolve, reject) => {
      this.#request = { resolve, reject }
      if (this.#given?.state === 'asked') this.#given.state = 'idle'
      this.#given = undefined
      for (const side of this.#sides) if (side.state === 'idle') this.#ask(side)
      this.#answer()
    })
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const open = this.#sides.filter(({ state }) => state !== 'over')
    for (const side of open) side.state = 'over'
    await Promise.all(open.map(async ({ iterator }) => iterator.return?.()))
    return end
  }

  #ask(side: Side<Item>): void {
    side.state = 'asked'
    side.iterator.next().then(
      (result) => {
        if (side.state === 'over') return
        if (result.done === true) side.state = 'over'
        else this.#came.push({ side, item: result.value })
        this.#answer()
      },
      (error: unknown) => {
        if (side.state === 'over') return
        side.state = 'over'
        this.#failure ??= { error }
        this.#answer()
      },
    )
  }

  #answer(): void {
    const request = this.#request
    if (request === undefined) return
    const first = this.#came.shift()
    if (first === undefined && this.#failure === undefined && this.#sides.some(({ state }) => state !== 'over')) return
    this.#request = undefined
    if (first !== undefined) {
      this.#given = first.side
      request.resolve({ done: false, value: first.item })
    } else if (this.#failure === undefined) request.resolve(end)
    else {
      request.reject(this.#failure.error)
      this.#failure = undefined
      this.return().catch(() => undefined)
    }
  }
}
