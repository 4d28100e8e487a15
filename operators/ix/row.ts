import { AbortError } from 'ix/aborterror'
import { createBridged, mustWait, onPassage } from '../../src/bridged.ts'
import { within, type Context } from '../../src/context.ts'
import { createQueue } from '../../src/queue.ts'
import { presentContext } from '../../src/standaloneContext.ts'
import type { Step } from '../step.ts'
import { Stage } from './stage.ts'

interface Asker<Out> {
  resolve(result: IteratorResult<Out, undefined>): void
  reject(error: unknown): void
}

const over: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/**
 * One iteration of a row of neighbouring operators. An item of the source is asked for when somebody asks for a message and
 * none is there, passes synchronously through all steps, and what comes out of the row waits to be asked for: no more than the
 * outputs of one item. Begins with the first `next`.
 */
export class Row<Out> implements AsyncIterableIterator<Out, undefined> {
  readonly #source: AsyncIterable<unknown>
  readonly #steps: readonly Step<never, unknown>[]
  readonly #signal: AbortSignal | undefined
  readonly #context: Context
  /** For what is upstream: it counts there what must pass though the pipeline is held. */
  readonly #behind: Context
  #first: Stage<unknown, unknown> | undefined
  #last: Stage<unknown, Out> | undefined
  /** Those whose outputs are taken one by one, the last one first. */
  readonly #lazy: Stage<unknown, unknown>[] = []
  #iterator: AsyncIterator<unknown> | undefined
  /** Tells the source that its answer is not wanted any more; passed to it as ix does. */
  readonly #ending = new AbortController()
  /** Outputs that were not asked for, from `#at` on. */
  #outputs: Out[] = []
  #at = 0
  readonly #askers = createQueue<Asker<Out>>()
  /** Outputs handed out and not dealt with: who has done that asks for one more. */
  #handed = 0
  /** Whether this row counts as having something on its way. */
  #counted = false
  #begun = false
  #asked = false // the source, for an item
  #sourceOver = false
  #pushing = false
  #ended: { readonly error?: unknown } | undefined
  /** The source lets go of what it has open, and the end is told after that. */
  #releasing: Promise<unknown> | undefined
  #forgetPassage: (() => void) | undefined
  #keepUncut: (() => void) | undefined

  constructor(source: AsyncIterable<unknown>, steps: readonly Step<never, unknown>[], signal: AbortSignal | undefined) {
    this.#source = source
    this.#steps = steps
    this.#signal = signal
    this.#context = presentContext()
    this.#behind = { ...this.#context, bridged: createBridged(this.#context.bridged) }
    if (signal?.aborted === true) this.#abort()
    else signal?.addEventListener('abort', this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Out, undefined>> {
    if (this.#handed > 0) this.#handed--
    if (this.#at < this.#outputs.length) return Promise.resolve(this.#take())
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject })
      if (this.#ended !== undefined) this.#tellEnd()
      else if (this.#begun) this.#goOn()
      else this.#begin()
    })
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const waits = !this.#asked // else the source may return only after an answer that never comes
    const released = this.#drop()
    this.#ended = {}
    this.#tellEnd()
    await this.#releasing
    if (waits) await released
    else released?.catch(() => undefined)
    return over
  }

  readonly #abort = (): void => {
    this.#drop()?.catch(() => undefined)
    this.#ended = { error: new AbortError() }
    if (this.#askers.size > 0) this.#tellEnd()
  }

  /** Lets go of everything; the result is when the source has. */
  #drop(): Promise<unknown> | undefined {
    this.#outputs = []
    this.#at = 0
    this.#handed = 0
    this.#begun = true
    const released = this.#letGo()
    this.#last?.close()
    this.#count(false)
    this.#forget()
    return released
  }

  #take(): IteratorYieldResult<Out> {
    const value = this.#outputs[this.#at++]!
    if (this.#at === this.#outputs.length) {
      this.#outputs = []
      this.#at = 0
    }
    this.#handed++
    return { done: false, value }
  }

  #begin(): void {
    this.#begun = true
    // The last one first: it is asked first at a stop, if what is upstream cannot end.
    this.#keepUncut = this.#context.onCut(() => this.#cut())
    within(this.#context, () => {
      this.#start()
    })
    this.#goOn()
  }

  #start(): void {
    const end = {
      next: (message: Out) => {
        this.#emit(message)
      },
      error: (error: unknown) => {
        this.#finish({ error })
      },
      complete: () => {
        this.#finish({})
      },
      full: () => this.#askers.size === 0,
    }
    let following: Stage<unknown, unknown> | undefined
    for (const step of this.#steps.toReversed()) {
      try {
        const stage = new Stage(step as Step<unknown, unknown>, this.#context, following ?? (end as never))
        this.#last ??= stage as Stage<unknown, Out>
        if (step.lazy === true) this.#lazy.push(stage)
        following = this.#first = stage
      } catch (error) {
        this.#sourceOver = true
        if (following === undefined) this.#finish({ error })
        else following.error(error)
        return
      }
    }
    this.#first!.previous = {
      close: () => {
        this.#letGoInTime()
      },
    }
  }

  #emit(message: Out): void {
    if (this.#ended !== undefined) return
    this.#count(true)
    const asker = this.#askers.shift()
    if (asker === undefined) {
      this.#outputs.push(message)
      return
    }
    this.#handed++
    asker.resolve({ done: false, value: message })
  }

  /** Asks the source for an item, if one is wanted and nothing speaks against it. */
  #goOn(): void {
    if (this.#pushing) return
    const parked = this.#resume()
    if (this.#handed === 0 && this.#at === this.#outputs.length && !parked) this.#count(false)
    if (this.#asked || this.#askers.size === 0 || this.#sourceOver || this.#first!.closed) return
    const { holds } = this.#context
    if (mustWait(holds, this.#behind.bridged)) {
      this.#forgetPassage ??= onPassage(holds, this.#behind.bridged, () => {
        this.#forgetPassage = undefined
        this.#goOn()
      })
      return
    }
    this.#asked = true
    within(this.#behind, this.#ask)
  }

  /** Goes on with outputs that were left in their iterators; gives whether some still are. */
  #resume(): boolean {
    let parked = this.#lazy.find((stage) => stage.parked)
    while (parked !== undefined && this.#askers.size > 0) {
      this.#pushing = true
      const stage = parked
      within(this.#context, () => {
        stage.resume()
      })
      this.#pushing = false
      parked = this.#lazy.find((stage) => stage.parked)
    }
    return parked !== undefined
  }

  readonly #ask = (): void => {
    try {
      this.#iterator ??= iteratorOf(this.#source, this.#ending.signal)
      // A promise of another make is made one of ours, and a result without a promise is no error.
      Promise.resolve(this.#iterator.next()).then(this.#onAnswer, this.#onRefusal)
    } catch (thrown) {
      this.#onRefusal(thrown)
    }
  }

  readonly #onAnswer = (result: IteratorResult<unknown>): void => {
    if (this.#sourceOver) return
    this.#asked = false
    within(this.#context, this.#receive, result)
  }

  readonly #onRefusal = (error: unknown): void => {
    if (this.#sourceOver) return
    this.#asked = false
    this.#sourceOver = true
    within(this.#context, () => {
      this.#first!.error(error)
    })
  }

  readonly #receive = (result: IteratorResult<unknown>): void => {
    const first = this.#first!
    this.#pushing = true
    this.#count(true)
    try {
      if (result.done === true) {
        this.#sourceOver = true
        first.complete()
      } else first.next(result.value)
    } catch (thrown) {
      first.fail(thrown)
    }
    this.#pushing = false
    this.#goOn()
  }

  /** At a stop, where no source can end what is upstream: what was taken passes through, then this is at its end. */
  #cut(): boolean {
    if (this.#sourceOver) return false
    this.#letGo()?.catch(() => undefined)
    within(this.#context, () => {
      this.#first!.complete()
    })
    return true
  }

  /** Nothing more is wanted of the source, which has not ended. */
  #letGoInTime(): void {
    const waits = !this.#asked
    const released = this.#letGo()
    if (released === undefined) return
    const settled = released.catch(() => undefined)
    if (!waits) return
    this.#releasing = settled.then(() => {
      this.#releasing = undefined
      if (this.#ended !== undefined) this.#tellEnd()
    })
  }

  /** An iterator in the middle of `next` may return only after it; the signal is for one that can be disturbed. */
  #letGo(): Promise<unknown> | undefined {
    if (this.#sourceOver) return undefined
    this.#sourceOver = true
    this.#forgetPassage?.()
    if (this.#asked) this.#ending.abort()
    const iterator = this.#iterator
    // `async` also makes a rejection of what `return` throws at once.
    return iterator && (async (): Promise<unknown> => iterator.return?.())()
  }

  #finish(how: { readonly error?: unknown }): void {
    if (this.#ended !== undefined) return
    this.#ended = how
    this.#letGoInTime()
    this.#tellEnd()
  }

  /** To those who wait, none of them having a message to wait for. An error is told once. */
  #tellEnd(): void {
    if (this.#releasing !== undefined) return
    for (let asker = this.#askers.shift(); asker !== undefined; asker = this.#askers.shift()) {
      this.#count(false)
      this.#forget()
      const end = this.#ended!
      this.#ended = {}
      if ('error' in end) asker.reject(end.error)
      else asker.resolve(over)
    }
  }

  /** Nothing of this row is left, and everybody knows. */
  #forget(): void {
    this.#forgetPassage?.()
    this.#forgetPassage = undefined
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#keepUncut?.()
    this.#keepUncut = undefined
  }

  #count(something: boolean): void {
    if (this.#counted === something) return
    this.#counted = something
    if (something) this.#context.bridged.entered()
    else this.#context.bridged.left()
  }
}

/** ix passes a signal to an iterable of its own; others take no argument. */
function iteratorOf(source: AsyncIterable<unknown>, signal: AbortSignal): AsyncIterator<unknown> {
  return (source as { [Symbol.asyncIterator](signal: AbortSignal): AsyncIterator<unknown> })[Symbol.asyncIterator](
    signal,
  )
}
