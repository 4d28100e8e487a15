import { createQueue } from '../../../src/base/queue.ts'
import type { DelayClock, Delayed } from '../../../src/context/time/delayClock.ts'

interface ReadRequest<Out> {
  resolve(result: IteratorResult<Out, undefined>): void
  reject(error: unknown): void
}

/** What an iterator answers at its end, and ever after. */
export const iteratorEnd: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/** Requests for outputs, or outputs that nobody has requested yet: never both. Either in order. UNBOUNDED by itself. */
export class ReadQueue<Out> {
  readonly #requests = createQueue<ReadRequest<Out>>()
  /** Outputs that were not requested, from `#at` on. */
  #outputs: Out[] = []
  #at = 0
  /** What each came with, where somebody asks what time it is. */
  #delays: (Delayed | undefined)[] = []
  /** Outputs handed out and not dealt with: whoever has done that requests one more. */
  #handedOut = 0

  readonly #clock: DelayClock

  constructor(clock: DelayClock) {
    this.#clock = clock
  }

  /** A request waits. */
  get wanted(): boolean {
    return this.#requests.size > 0
  }

  /** No output waits, and what was handed out is dealt with. */
  get drained(): boolean {
    return this.#handedOut === 0 && this.#at === this.#outputs.length
  }

  /** The next output; if none waits, the request does, and `onRequest` is called. */
  read(onRequest: () => void): Promise<IteratorResult<Out, undefined>> {
    if (this.#handedOut > 0) {
      this.#handedOut--
      this.#clock.leaveFirst()
    }
    if (this.#at < this.#outputs.length) return Promise.resolve(this.#take())
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject })
      onRequest()
    })
  }

  #take(): IteratorYieldResult<Out> {
    this.#clock.show(this.#delays[this.#at])
    const value = this.#outputs[this.#at++]!
    if (this.#at === this.#outputs.length) this.#forgetOutputs()
    this.#handedOut++
    return { done: false, value }
  }

  /** Answers the first request, or waits for one. */
  push(output: Out): void {
    const request = this.#requests.shift()
    const delayed = this.#clock.enter()
    if (request === undefined) {
      if (delayed !== undefined) this.#delays[this.#outputs.length] = delayed
      this.#outputs.push(output)
      return
    }
    this.#handedOut++
    this.#clock.show(delayed)
    request.resolve({ done: false, value: output })
  }

  /** Answers the requests that wait with the end, the first one with the error if there is one. */
  end(failure: { readonly error: unknown } | undefined): void {
    const requests = this.#requests
    if (failure !== undefined) requests.shift()?.reject(failure.error)
    this.#clock.end()
    for (let request = requests.shift(); request !== undefined; request = requests.shift()) request.resolve(iteratorEnd)
  }

  /** Drops the outputs; requests go on waiting. */
  clear(): void {
    this.#clock.end()
    this.#forgetOutputs()
    this.#handedOut = 0
  }

  #forgetOutputs(): void {
    this.#outputs = []
    this.#delays = []
    this.#at = 0
  }
}
