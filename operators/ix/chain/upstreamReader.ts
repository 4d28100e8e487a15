import { isBlocked, whenUnblocked } from '../../../src/context/backPressure.ts'
import { within, type Context } from '../../../src/context/context.ts'
import { handOverAs } from '../../../src/context/time/handOver.ts'
import { createRegister } from '../../../src/context/time/pipelineTime.ts'
import type { TimeRegister } from '../../../src/context/time.ts'
import type { NodeMeter } from '../../../src/context/meter.ts'
import { createBridgeInFlight } from '../../../src/context/inFlight.ts'

/** What a chain is told by the reader of its source. */
export interface ReaderEvents {
  /** The answer to `read`, inside the chain's context. */
  readonly answer: (result: IteratorResult<unknown>) => void
  /** The source has failed in place of an answer, and is over. Inside the chain's context. */
  readonly fail: (error: unknown) => void
  /** A `read` that had to wait need not any more: to be called again, if an item is still wanted. */
  readonly unblocked: () => void
}

/** What a reader is at. */
const idle = 0
const blocked = 1 // an item is wanted, and something holds the pipeline
const reading = 2 // the source owes an answer
const over = 3 // at its end, failed, or not wanted any more

/** Reads one iteration of a source, an item at a time. Iterates it with the first `read` that is not blocked. */
export class UpstreamReader {
  readonly #source: AsyncIterable<unknown>
  readonly #context: Context
  /** For what is upstream: it counts there what must pass though the pipeline is held. */
  #upstream: Context
  readonly #events: ReaderEvents
  #iterator: AsyncIterator<unknown> | undefined
  /** Tells the source that its answer is not wanted any more; passed to it as ix does. */
  readonly #unwanted = new AbortController()
  #state: typeof idle | typeof blocked | typeof reading | typeof over = idle
  #stopWaiting: (() => void) | undefined // while blocked

  constructor(source: AsyncIterable<unknown>, context: Context, events: ReaderEvents) {
    this.#source = source
    this.#context = context
    const bridgeInFlight = createBridgeInFlight(context.backPressure.bridgeInFlight)
    this.#upstream = {
      ...context,
      backPressure: { ...context.backPressure, bridgeInFlight },
      time: { ...context.time, register: createRegister() },
    }
    this.#events = events
  }

  /** The source is at its end, has failed, or nothing more is wanted of it. */
  get over(): boolean {
    return this.#state === over
  }

  /**
   * Asks the source for an item, unless it owes an answer or is over. While the pipeline is held nothing is asked, and
   * `unblocked` says when to call again.
   */
  read(): void {
    if (this.#state === reading || this.#state === over) return
    const { holds, bridgeInFlight } = this.#upstream.backPressure
    if (!isBlocked(holds, bridgeInFlight)) {
      this.#become(reading)
      within(this.#upstream, this.#ask)
    } else if (this.#state === idle) {
      this.#become(blocked)
      this.#stopWaiting = whenUnblocked(holds, bridgeInFlight, this.#onUnblocked)
    }
  }

  /** What the item came with that was read last. */
  get moment(): Readonly<TimeRegister> {
    return this.#upstream.time.register
  }

  /** To be called before the first `read`, with what it leads to: the first step's context for what is upstream. */
  leadTo({ time: { clocks } }: Context, meter: NodeMeter | undefined): void {
    this.#upstream = { ...this.#upstream, time: { ...this.#upstream.time, clocks } }
    if (meter !== undefined) this.#upstream = { ...this.#upstream, meter: this.#context.meter?.above(meter) }
  }

  /** The source has told its end, or there is nobody to read for. */
  end(): void {
    this.#become(over)
  }

  /**
   * Nothing more is wanted of a source that has not ended; the answer that it may owe is dropped. The result is when it
   * has let go of what it has open, and rejects with what its `return` throws; `undefined` if there is nothing to wait
   * for: in the middle of an answer, which may never come, a source may return only after that.
   */
  letGo(): Promise<unknown> | undefined {
    if (this.#state === over) return undefined
    const owesAnswer = this.#state === reading
    this.#become(over)
    if (owesAnswer) this.#unwanted.abort() // for a source that can be disturbed
    const iterator = this.#iterator
    // `async` also makes a rejection of what `return` throws at once.
    const released = iterator && (async (): Promise<unknown> => iterator.return?.())()
    if (!owesAnswer) return released
    released?.catch(() => undefined)
    return undefined
  }

  readonly #ask = (): void => {
    try {
      this.#iterator ??= iteratorOf(this.#source, this.#unwanted.signal)
      // A promise of another make is made one of ours, and a result without a promise is no error.
      Promise.resolve(this.#iterator.next()).then(this.#onAnswer, this.#onRefusal)
    } catch (thrown) {
      this.#onRefusal(thrown)
    }
  }

  readonly #onAnswer = (result: IteratorResult<unknown>): void => {
    if (this.#state === over) return
    this.#state = idle
    handOverAs(this.#context, this.moment, this.#events.answer, result)
  }

  readonly #onRefusal = (error: unknown): void => {
    if (this.#state === over) return
    this.#state = over
    within(this.#context, this.#events.fail, error)
  }

  readonly #onUnblocked = (): void => {
    this.#become(idle)
    this.#events.unblocked()
  }

  #become(state: typeof idle | typeof blocked | typeof reading | typeof over): void {
    this.#state = state
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
  }
}

/** ix passes a signal to an iterable of its own; others take no argument. */
function iteratorOf(source: AsyncIterable<unknown>, signal: AbortSignal): AsyncIterator<unknown> {
  return (source as { [Symbol.asyncIterator](signal: AbortSignal): AsyncIterator<unknown> })[Symbol.asyncIterator](
    signal,
  )
}
