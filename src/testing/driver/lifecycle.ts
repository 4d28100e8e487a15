import type { OperatorFunction } from 'rxjs'
import { invalidOption } from '../../base/option.ts'
import { silentLog } from '../../base/log.ts'
import type { DeadLetter } from '../../context/deadLetter.ts'
import { startApplication, type Application } from '../../run/application.ts'
import type { RunOptions } from '../../run/contract.ts'
import type { OpenStore, Store } from '../../store/store.ts'
import { toSink } from '../../../operators/toSink.ts'
import type { Pipelines } from './driver.ts'
import type { Ports } from './ports.ts'
import type { VirtualClock } from './virtualClock.ts'

/** The lives of a program under test: it is started, dies, and is started again over the same store and ports. */
export interface Lifecycle {
  /** The application. Throws what a pipeline has failed with, or, where none runs, that it is to be started. */
  readonly running: () => Application
  /** Throws what a pipeline has failed with. */
  checkNotFailed(): void
  /** Throws where there will be no further life. */
  checkOpen(): void
  /** Begins a life, with another program if it is given. Rejects with what keeps it from starting. */
  start(program?: Pipelines): Promise<void>
  /** The program dies, if it is alive: nothing is left of it but what is in the store and the ports. */
  crash(): Promise<void>
  /** The last life ends. Idempotent. */
  close(): Promise<void>
}

export interface LifecycleOptions {
  readonly program: Pipelines
  readonly ports: ReadonlyMap<string, Ports>
  readonly clock: VirtualClock
  readonly store: Store
  readonly onError: RunOptions['onError'] & string
  readonly deadLetters: (letter: DeadLetter) => void
}

export function createLifecycle({
  program: first,
  ports,
  clock,
  store,
  onError,
  deadLetters,
}: LifecycleOptions): Lifecycle {
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
  const pipelines = () =>
    Object.fromEntries(
      [...ports].map(([name, { input, output, seeTime }]) => [
        name,
        (program[name] as OperatorFunction<unknown, unknown>)(input.source).pipe(seeTime, toSink(output.sink)),
      ]),
    )
  const crash = async (): Promise<void> => {
    const dying = app
    app = undefined
    if (dying !== undefined) await clock.within(() => dying.kill())
    clock.clear()
    failure = undefined
    await opened?.close()
    opened = undefined
    for (const { input } of ports.values()) input.rewind()
  }

  return {
    running,
    checkNotFailed,
    checkOpen() {
      if (closed) running()
    },
    async start(next = program) {
      program = next
      const handle = await store.open()
      opened = handle
      failure = undefined
      try {
        const started = clock.within(() =>
          startApplication(
            {
              name: 'test',
              pipelines: pipelines(),
              store,
              onError,
              deadLetters,
              checkpointInterval: Infinity,
              handleSignals: false,
            },
            // Kept open after the end, for whoever looks into entities then.
            { log: silentLog, store: { ...handle, close: () => Promise.resolve() } },
          ),
        )
        app = started
        started.closed.catch((error: unknown) => {
          if (app === started) failure = { error }
        })
        await started.opened
      } catch (error) {
        await crash()
        throw error
      }
    },
    crash,
    async close() {
      closed = true
      await crash()
      clock.close()
    },
  }
}
