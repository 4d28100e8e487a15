import type { Context } from '../../src/context.ts'
import { acceptsText, receiveFrame } from '../../src/inPlace.ts'
import { createQueue } from '../../src/queue.ts'
import type { Output } from '../../src/output.ts'
import type { Operation, Step } from '../step.ts'

/** Where the last step of a row sends what it emits, and what it is told of the row's end. */
export interface RowEnd<Out> {
  readonly next: (message: Out) => void
  readonly error: (error: unknown) => void
  readonly complete: () => void
  /** Whether nobody asks for an output now. */
  readonly full: () => boolean
}

type Closable<Target> = Omit<Target, 'closed'> & { closed: boolean }

/** One step of a row at work: its operation, and the output by which it reaches the next one. */
export class Stage<In, Out> {
  readonly operation: Operation<In>
  /** One message for the operation, from who never sends one while it is in the middle of another. */
  readonly next: (message: In) => void
  /** What is upstream of this stage, once there is something. */
  previous: { close(): void } | undefined
  readonly #output: Closable<Output<Out>>
  /** Its source has ended. */
  #stopped = false
  /** It has sent its end. */
  #ended = false
  /** It is in the middle of a message that `receive` gave it: what arrives meanwhile waits its turn. */
  #busy = false
  #waiting: (() => void)[] = []
  readonly #rowEnd: RowEnd<unknown>
  /** What a lazy step gave for `#message` and was not asked for yet. */
  #rest: Iterator<Out | undefined> | undefined
  #message: In | undefined
  /** Messages behind that one, in order. */
  readonly #later = createQueue<In>()
  /** The end behind all of them. */
  #endLater: (() => void) | undefined

  /** `destination` is the next stage, or what stands at the end of the row. Throws what the step throws as it begins. */
  constructor(step: Step<In, Out>, context: Context, destination: Stage<Out, unknown> | RowEnd<Out>) {
    const following = destination instanceof Stage ? destination : undefined
    this.#rowEnd = following === undefined ? (destination as RowEnd<unknown>) : following.#rowEnd
    const { asynchronous = false, lazy = false } = step
    this.#output = {
      next: this.#nextTo(destination, asynchronous),
      error: (error) => {
        this.#end(() => {
          destination.error(error)
        })
      },
      complete: () => {
        this.#end(() => {
          destination.complete()
        })
      },
      ...(lazy && {
        giveLater: (items: Iterable<Out | undefined>) => {
          this.#rest = items[Symbol.iterator]()
          this.#giveRest()
        },
      }),
      closed: false, // a field, because loops over outputs read it for each
      [acceptsText]: following?.operation.acceptsText ?? false,
      [receiveFrame]: asynchronous ? undefined : following?.operation.frame,
    }
    this.operation = step.start(this.#output, context)
    this.next = lazy
      ? (message) => {
          if (this.parked) this.#later.push(message)
          else this.#nextLazily(message)
        }
      : this.operation.next
    if (following !== undefined) following.previous = this
  }

  get closed(): boolean {
    return this.#output.closed
  }

  /** Something that it was given waits until outputs are asked for. */
  get parked(): boolean {
    return this.#rest !== undefined || this.#later.size > 0 || this.#endLater !== undefined
  }

  /** Goes on with what is parked, until an output has come of it or nothing is left. */
  resume(): void {
    try {
      this.#giveRest()
    } catch (thrown) {
      this.#rest = undefined
      this.operation.fail!(thrown, this.#message!)
    }
    while (this.#rest === undefined && this.#later.size > 0 && !this.#rowEnd.full()) {
      this.#nextLazily(this.#later.shift()!)
    }
    if (this.#rest !== undefined || this.#later.size > 0) return
    const end = this.#endLater
    this.#endLater = undefined
    end?.()
  }

  #nextLazily(message: In): void {
    this.#message = message
    this.operation.next(message)
  }

  /** Throws what the iterator throws. */
  #giveRest(): void {
    while (this.#rest !== undefined && !this.#rowEnd.full()) {
      const result = this.#rest.next()
      if (result.done === true) this.#rest = undefined
      else if (result.value !== undefined) this.#output.next(result.value)
      if (this.#output.closed) this.#leaveRest()
    }
  }

  #leaveRest(): void {
    const rest = this.#rest
    this.#rest = undefined
    this.#later.clear()
    this.#endLater = undefined
    try {
      rest?.return?.()
    } catch {
      // Nobody is there any more to be told.
    }
  }

  /** Its operation has thrown, which it must not do. */
  fail(thrown: unknown): void {
    this.#output.error(thrown)
  }

  /** The source has failed. */
  error(error: unknown): void {
    this.#last(() => {
      if (this.operation.error) this.operation.error(error)
      else this.#output.error(error)
    })
  }

  /** The source has completed. */
  complete(): void {
    this.#last(() => {
      if (this.operation.complete) this.operation.complete()
      else this.#output.complete()
    })
  }

  /** Lets go of this stage and of all upstream of it. */
  close(): void {
    if (this.#output.closed) return
    this.#output.closed = true
    this.#ended = true
    this.#waiting = []
    this.#leaveRest()
    this.operation.finalize?.()
    this.previous?.close()
  }

  /** An asynchronous step may emit in the middle of a message that it emitted before; messages still pass one at a time. */
  #nextTo(destination: Stage<Out, unknown> | RowEnd<Out>, asynchronous: boolean): (message: Out) => void {
    if (!(destination instanceof Stage)) return destination.next
    return asynchronous
      ? (message) => {
          destination.#receive(message)
        }
      : destination.next
  }

  #receive(message: In): void {
    if (this.#stopped || this.#output.closed) return
    if (this.#busy) {
      this.#waiting.push(() => {
        this.next(message)
      })
      return
    }
    this.#busy = true
    try {
      this.next(message)
    } catch (thrown) {
      this.#output.error(thrown)
    }
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      for (const work of batch) if (!this.#output.closed) work()
    }
    this.#busy = false
  }

  /** After all that waits. */
  #last(end: () => void): void {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#busy) this.#waiting.push(end)
    else if (this.parked) this.#endLater = end
    else end()
  }

  #end(tell: () => void): void {
    if (this.#ended) return
    this.#ended = true
    tell()
    this.close()
  }
}
