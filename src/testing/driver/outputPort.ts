import { defer, Subject, type Observable } from 'rxjs'
import { createGate, type Gate } from '../../context/backPressure.ts'
import type { Position, SinkDelivery } from '../../context/endpoint.ts'
import type { Sink, SinkContext } from '../../sink/sink.ts'

/**
 * The output of a pipeline under test: a sink that can be slow, lost and broken. What it has taken outlives a crash.
 */
export interface OutputPort {
  readonly sink: Sink<unknown>
  /** All that was taken, in order. */
  readonly taken: readonly unknown[]
  /** What was taken since the last `read`. */
  read(): unknown[]
  /** Why the pipeline failed, as it came down to the sink. */
  readonly failure: { readonly error: unknown } | undefined
  readonly completed: boolean
  /** What was taken back because it comes again, by crashes: from which output on, and what. */
  readonly takenBack: readonly { readonly from: number; readonly outputs: readonly unknown[] }[]
  /** What is taken from now on, and the end of the pipeline, each at once. */
  readonly outputs: Observable<unknown>
  /** Takes nothing more until `resume`. */
  readonly slow: () => void
  /** As `slow`, and what was taken last comes again afterwards, where the delivery is at least once. */
  readonly lose: () => void
  readonly resume: () => void
  fail(error: unknown): void
}

const name = 'output'

export function createOutputPort(delivery: SinkDelivery): OutputPort {
  const taken: unknown[] = []
  const takenBack: { from: number; outputs: unknown[] }[] = []
  let readUpTo = 0
  let watchers = new Subject<unknown>()
  let failure: OutputPort['failure']
  let completed = false
  let state: 'open' | 'slow' | 'lost' = 'open'
  let handedOver = 0 // by the writer that is open
  let waiting: unknown[] = []
  let flushed: (() => void)[] = []
  let gate: Gate | undefined // of the pipeline that is open: closed while the sink takes nothing
  let context: SinkContext | undefined

  const take = (message: unknown): void => {
    taken.push(message)
    handedOver++
    watchers.next(message)
  }
  const end = (): void => {
    if (failure !== undefined)
      watchers.error(failure.error) // eslint-disable-line rxjs-x/throw-error -- whatever was thrown
    else watchers.complete()
  }
  const resume = (): void => {
    const repeated = state === 'lost' && delivery === 'at least once' && handedOver > 0 ? taken.slice(-1) : []
    state = 'open'
    for (const message of repeated) {
      taken.push(message)
      watchers.next(message)
    }
    const now = waiting
    waiting = []
    for (const message of now) take(message)
    const tell = flushed
    flushed = []
    for (const resolve of tell) resolve()
    gate?.open()
  }
  const refuse = (how: 'slow' | 'lost'): void => {
    gate?.close()
    if (state !== 'lost') state = how
  }
  const allTaken = (): Promise<void> =>
    waiting.length === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          flushed.push(resolve)
        })
  const position = (): Position | undefined => (delivery === 'exactly once' ? taken.length : undefined)

  return {
    sink: {
      name,
      delivery,
      open(opened) {
        context = opened
        gate = createGate(opened.holds, name)
        failure = undefined
        completed = false
        handedOver = 0
        watchers = new Subject()
        state = 'open' // a new process has a new connection
        if (delivery === 'exactly once') {
          const from = opened.restored ?? 0
          const outputs = taken.splice(from)
          readUpTo = Math.min(readUpTo, from)
          if (outputs.length > 0) takenBack.push({ from, outputs })
        }
        return {
          write(message) {
            if (state === 'open') take(message)
            else waiting.push(message)
          },
          async flush() {
            await allTaken()
            return position()
          },
          close(failed) {
            if (context !== opened) return Promise.resolve()
            failure = failed
            completed = failed === undefined
            if (waiting.length === 0) end() // at once, for those who watch virtual time
            return allTaken().then(position)
          },
          abort() {
            if (context !== opened) return
            context = undefined
            waiting = []
            flushed = []
            gate = undefined
          },
        }
      },
    },
    taken,
    read() {
      const from = readUpTo
      readUpTo = taken.length
      return taken.slice(from)
    },
    takenBack,
    outputs: defer(() => watchers),
    get failure() {
      return failure
    },
    get completed() {
      return completed
    },
    slow: () => refuse('slow'),
    lose: () => refuse('lost'),
    resume() {
      const ends = waiting.length > 0 && (failure !== undefined || completed)
      resume()
      if (ends) end()
    },
    fail: (error) => context?.fail(error),
  }
}
