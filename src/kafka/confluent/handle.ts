import { systemClock } from '../../base/clock.ts'
import { createDeferred } from '../../base/deferred.ts'
import { KafkaError } from '../fault.ts'
import { failureOf, noAnswer } from './failure.ts'
import type { Done, LibraryError, LibraryHandle } from './library.ts'

/** A consumer or a producer of the library, its calls bounded in time, its errors those of the port. */
export interface Handle {
  connect(timeout: number): Promise<void>
  /** Makes a call; `start` is given how long it may take, and what it answers to. */
  call<Value>(what: string, timeout: number, start: (timeout: number, done: Done<Value>) => void): Promise<Value>
  /** Makes a call that answers at once. */
  callNow<Value>(what: string, call: () => Value): Value
  /** What became of an error that came by itself. */
  failure(what: string, error: LibraryError): KafkaError
  /** Asks the brokers something that they answer at once. Rejects where none does. */
  probe(timeout: number): Promise<void>
  /** Makes no further call. */
  shut(): void
  /**
   * Makes no further call, and closes it when none is under way any more: a call into what is closed, or being closed,
   * ends the process. Resolves when it is closed, or after the timeout: the library may never answer.
   */
  close(timeout: number, disconnect: (done: Done) => unknown): Promise<void>
}

/** Makes a consumer or a producer; throws as `invalid` what the library says of its settings. */
export function constructed<Native>(make: () => Native): Native {
  try {
    return make()
  } catch (error) {
    throw new KafkaError('invalid', `the settings of the Kafka client: ${(error as Error).message}`, undefined, error)
  }
}

/** `brokers`: for messages. */
export function createHandle(native: LibraryHandle, brokers: string): Handle {
  /** The last line that says why a connection failed: errors do not say it. */
  let line: string | undefined
  /** Calls that the library has not answered, whether somebody still waits for the answer or not. */
  let underWay = 0
  let isClosed = false
  let atRest = createDeferred()
  atRest.resolve()
  native.on('event.log', ({ severity, message }) => {
    if (severity <= 4) line = message.replace(/^\[thrd:[^\]]*\]: /, '')
  })

  const failure = (what: string, error: unknown): KafkaError => {
    if (error instanceof KafkaError) return error
    const { code } = error as LibraryError
    // The library's own complaints have no code: the handle is closed, or an argument is wrong.
    if (typeof code !== 'number') return new KafkaError('invalid', `${what}: ${(error as Error).message}`, code, error)
    return failureOf(what, error as LibraryError, line)
  }

  function call<Value>(
    what: string,
    timeout: number,
    start: (timeout: number, done: Done<Value>) => void,
  ): Promise<Value> {
    if (isClosed) return Promise.reject(new KafkaError('unreachable', `${what}: the client has been closed`))
    return new Promise((resolve, reject) => {
      const cancel = systemClock.after(timeout, () => reject(noAnswer(what, timeout, line)))
      if (underWay++ === 0) atRest = createDeferred()
      let isAnswered = false
      const done: Done<Value> = (error, value) => {
        if (!isAnswered && --underWay === 0) atRest.resolve()
        isAnswered = true
        cancel()
        if (error === null || error === undefined) resolve(value)
        else reject(failure(what, error))
      }
      try {
        // The library has to be the first to give up: it knows more about why.
        start(Math.max(1, Math.floor(timeout - Math.min(200, timeout / 5))), done)
      } catch (error) {
        done(error as LibraryError, undefined as never)
      }
    })
  }

  return {
    call,
    failure,
    connect: (timeout) =>
      call(`connecting to ${brokers}`, timeout, (limit, done) =>
        native.connect({ allTopics: false, timeout: limit }, done),
      ).then(() => undefined),
    callNow(what, callIt) {
      try {
        return callIt()
      } catch (error) {
        throw failure(what, error)
      }
    },
    probe: (timeout) =>
      call(`asking ${brokers}`, timeout, (limit, done) =>
        native.getMetadata({ allTopics: false, timeout: limit }, done),
      ).then(() => undefined),
    shut() {
      isClosed = true
    },
    close(timeout, disconnect) {
      isClosed = true
      return new Promise((resolve) => {
        const cancel = systemClock.after(timeout, resolve)
        void atRest.promise.then(async () => {
          await closed(timeout, disconnect)
          cancel()
          resolve()
        })
      })
    },
  }
}

/** Waits for the end of a connection, at most so long: the library may never say it. */
export function closed(timeout: number, disconnect: (done: Done) => unknown): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(timeout, resolve)
    const done = (): void => {
      cancel()
      resolve()
    }
    try {
      disconnect(done)
    } catch {
      done() // it was not connected
    }
  })
}
