import { Observable, type OperatorFunction } from 'rxjs'
import type { DeadLetter } from '../deadLetter.ts'
import { invalidOption } from '../errors.ts'
import { checkFraming } from '../framer.ts'
import { startApplication, type Application } from '../run/application.ts'
import { silentLog } from '../run/log.ts'
import type { OpenStore } from '../store.ts'
import { memoryStore } from '../store/memory.ts'
import { toSink } from '../../operators/toSink.ts'
import { difference } from './difference.ts'
import type {
  ApplicationDriver,
  PipelineDriver,
  PipelinePort,
  Pipelines,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
import { createInputPort, type InputPort } from './inputPort.ts'
import { createOutputPort, type OutputPort } from './outputPort.ts'
import { createVirtualClock } from './virtualClock.ts'

/**
 * Runs a pipeline as `run` does, over a store in memory, without sockets, files or time: send it messages, read what comes
 * out, look into its state, let it crash and go on.
 *
 * The pipeline is what stands between source and sink, an `OperatorFunction`; or several by name, which share their state
 * partitions. Its source can replay: after a crash it begins where the last checkpoint says. Checkpoints are taken when they
 * are asked for, and at an end or stop.
 *
 * Time is virtual for what the pipeline does and for what that leads to, promises included: RxJS operators such as
 * `debounceTime`, `setTimeout`, `setInterval` and `Date.now()`. It passes when it is told to. Not reached are what is imported
 * from `node:timers` and `node:timers/promises`, `AbortSignal.timeout`, `setImmediate`, `performance.now()` and `new Date()`.
 * The global functions are replaced while a driver is open, and do for everybody else what they always do.
 *
 * Rejects with what keeps a pipeline from starting. Works with any test runner.
 *
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { testPipeline } from 'wallarx/testing'
 *
 * const counts = statePartition('counts', { key: (word: string) => word.length, build: () => ({ count: 0 }) })
 * const driver = await testPipeline(toStatePartition((word: string, state) => [`${word} ${++state.count}`, true], counts))
 * driver.send('to', 'be')
 * assert.deepEqual(driver.read(), ['to 1', 'be 2'])
 * await driver.checkpoint()
 * driver.send('or')
 * await driver.crash()
 * await driver.restart() // state as of the checkpoint, and what came after it once more
 * assert.deepEqual(driver.entity(counts, 2), { count: 3 })
 * await driver.close()
 * ```
 */
export function testPipeline<In, Out>(
  pipeline: OperatorFunction<In, Out>,
  options?: TestPipelineOptions,
): Promise<PipelineDriver<In, Out>>
export function testPipeline<Program extends Pipelines>(
  pipelines: Program,
  options?: TestPipelineOptions,
): Promise<ApplicationDriver<Program>>
export async function testPipeline(
  program: OperatorFunction<never, unknown> | Pipelines,
  options: TestPipelineOptions = {},
): Promise<PipelineDriver<never, unknown> | ApplicationDriver<Pipelines>> {
  if (typeof program === 'function') {
    const { driver, ports } = await createDriver({ [only]: program }, options)
    const restart = driver.restart.bind(driver)
    Object.defineProperties(driver, Object.getOwnPropertyDescriptors(ports.get(only)!.port))
    return Object.assign(driver as unknown as PipelineDriver<never, unknown>, {
      restart: (next?: OperatorFunction<never, unknown>) => restart(next && { [only]: next }),
    })
  }
  if (typeof program !== 'object' || program === null || Object.keys(program).length === 0) {
    throw invalidOption('pipeline', 'an operator, or an object with at least one', program)
  }
  const { driver, ports } = await createDriver(program, options)
  const pipelines = Object.fromEntries([...ports].map(([name, { port }]) => [name, port]))
  return Object.assign(driver, { pipelines })
}

/** The name of a pipeline that is alone. */
const only = 'pipeline'

interface Ends {
  readonly input: InputPort
  readonly output: OutputPort
  readonly port: PipelinePort<never, unknown>
}

async function createDriver(
  first: Pipelines,
  {
    framing,
    maxFrameLength,
    delivery = 'at least once',
    onError = 'stop',
    store = memoryStore(),
    startTime = 0,
  }: TestPipelineOptions,
): Promise<{ driver: TestDriver<Pipelines>; ports: ReadonlyMap<string, Ends> }> {
  if (framing !== undefined) checkFraming(framing, maxFrameLength)
  const clock = createVirtualClock(startTime)
  const letters: DeadLetter[] = []
  let program = first
  let opened: OpenStore | undefined
  let app: Application | undefined
  let failure: { readonly error: unknown } | undefined
  let closed = false

  const checkNotFailed = (): void => {
    const found = failure ?? [...ports.values()].find(({ output }) => output.failure !== undefined)?.output.failure
    if (found !== undefined) throw found.error
  }
  const running = (): Application => {
    checkNotFailed()
    if (app !== undefined) return app
    throw invalidOption(
      'the pipeline under test',
      closed ? 'open' : 'running: call restart()',
      closed ? 'closed' : 'crashed',
    )
  }
  const inTime = <Result>(work: () => Result): Result => {
    const result = clock.within(work)
    checkNotFailed()
    return result
  }

  /** Waits for what may need virtual time to pass. */
  const drive = async (begin: () => Promise<unknown>): Promise<void> => {
    let done = false
    const settle = (): void => {
      done = true
    }
    const promise = clock.within(begin)
    const settled = promise.then(settle, settle)
    for (;;) {
      await turn()
      if (done) break
      if (!clock.fireNext()) await Promise.race([settled, clock.timerSet()])
    }
    await promise
    checkNotFailed()
  }

  const createEnds = (): Ends => {
    const input = createInputPort(framing, maxFrameLength)
    const output = createOutputPort(delivery)
    const feed = (items: readonly unknown[]): void => {
      if (closed) running()
      checkNotFailed()
      inTime(() => {
        input.send(items)
      })
    }
    const port: PipelinePort<never, unknown> = {
      send(...messages) {
        if (framing !== undefined) {
          throw invalidOption('the argument of send', 'given to sendBytes: the driver has a framing', messages[0])
        }
        feed(messages)
      },
      sendBytes(...chunks) {
        if (framing === undefined) throw invalidOption('framing', 'how bytes are cut into frames', framing)
        feed(chunks.map((chunk) => Buffer.from(chunk)))
      },
      framed: framing !== undefined,
      fail(error) {
        clock.within(() => {
          input.end({ error })
        })
      },
      get waiting() {
        return input.waiting
      },
      outputs: () => [...output.taken],
      takenBack: () => [...output.takenBack],
      read: () => output.read(),
      through: (messages) =>
        new Observable((subscriber) => {
          subscriber.add(output.outputs.subscribe(subscriber))
          subscriber.add(
            messages.subscribe({
              next: (message) => {
                clock.within(() => {
                  input.send([message])
                })
              },
              error: (error: unknown) => {
                clock.within(() => {
                  input.end({ error })
                })
              },
              complete: () => {
                clock.within(() => {
                  input.end()
                })
              },
            }),
          )
        }),
      sink: {
        slow: output.slow,
        lose: output.lose,
        resume: () => {
          inTime(output.resume)
        },
        fail: (error) => {
          clock.within(() => {
            output.fail(error)
          })
        },
      },
    }
    return { input, output, port }
  }
  const ports: ReadonlyMap<string, Ends> = new Map(Object.keys(first).map((name) => [name, createEnds()]))

  const start = async (): Promise<void> => {
    const handle = await store.open()
    opened = handle
    failure = undefined
    try {
      const started = clock.within(() =>
        startApplication(
          {
            name: 'test',
            pipelines: Object.fromEntries(
              [...ports].map(([name, { input, output }]) => [
                name,
                (program[name] as OperatorFunction<unknown, unknown>)(input.source).pipe(toSink(output.sink)),
              ]),
            ),
            store,
            onError,
            deadLetters: (letter) => letters.push(letter),
            checkpointInterval: Infinity,
            handleSignals: false,
          },
          silentLog,
          // Kept open after the end, for who looks into entities then.
          { ...handle, close: () => Promise.resolve() },
        ),
      )
      app = started
      started.closed.catch((error: unknown) => {
        if (app === started) failure = { error }
      })
      await started.opened
    } catch (error) {
      await release()
      throw error
    }
  }
  /** Lets go of the program, if there is one. */
  const release = async (): Promise<void> => {
    const dying = app
    app = undefined
    if (dying !== undefined) await clock.within(() => dying.kill())
    clock.clear()
    failure = undefined
    await opened?.close()
    opened = undefined
    for (const { input } of ports.values()) input.rewind()
  }

  const driver: TestDriver<Pipelines> = {
    entity: (partition, key) => running().entities.state(partition, key),
    entities: <State>(partition: Parameters<TestDriver<Pipelines>['entities']>[0]) => {
      const { entities } = running()
      return new Map(entities.keys(partition).map((key) => [key, entities.state(partition, key) as State]))
    },
    states() {
      const { entities } = running()
      return Object.fromEntries(
        entities.all().map((partition) => {
          const states = entities.keys(partition).map((key) => [key, entities.state(partition, key)] as const)
          const fresh = partition.build()
          return [partition.name, new Map(states.filter(([, state]) => difference(state, fresh) !== undefined))]
        }),
      )
    },
    deadLetters: () => [...letters],
    status: () => running().status(),
    get now() {
      return clock.now
    },
    advance(milliseconds) {
      if (!(milliseconds >= 0)) throw invalidOption('milliseconds', 'a number from 0', milliseconds)
      inTime(() => {
        clock.advance(milliseconds)
      })
    },
    settle: async ({ timers = false } = {}) => {
      do await drive(() => running().quiet())
      while (timers && clock.fireNext())
    },
    checkpoint: async () => {
      await drive(() => running().checkpoint())
    },
    crash: release,
    async restart(next = program) {
      if (closed) running()
      await release()
      program = next
      await start()
    },
    async end() {
      const { closed: ended } = running()
      await drive(() => {
        for (const { input } of ports.values()) input.end()
        return ended
      })
    },
    stop: async () => {
      await drive(() => running().close())
    },
    async close() {
      closed = true
      await release()
      clock.close()
    },
    [Symbol.asyncDispose]: () => driver.close(),
  }
  try {
    await start()
    await running().checkpoint() // an exactly-once sink holds its pipeline until it is known where it begins
  } catch (error) {
    clock.close()
    throw error
  }
  return { driver, ports }
}

const { setImmediate } = globalThis // the real one, whatever a test runner puts in its place

/** Resolves when all that promises alone lead to has happened. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })
