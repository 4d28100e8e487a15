import type { OperatorFunction } from 'rxjs'
import type { DeadLetter } from '../../context/deadLetter.ts'
import { invalidOption, knownOptions, type OptionNames } from '../../base/option.ts'
import { checkFraming } from '../../framing/framer.ts'
import type { Key } from '../../key/key.ts'
import type { Application } from '../../run/application.ts'
import type { StatePartition } from '../../state/statePartition.ts'
import { compareNames, expiry } from '../../state/timers/timerName.ts'
import { memoryStore } from '../../store/memory.ts'
import { keepsOrigins } from '../../time/keptOrigins.ts'
import { difference } from '../law/difference.ts'
import { createDrive } from './drive.ts'
import type {
  ApplicationDriver,
  EntityUnderTest,
  PipelineDriver,
  Pipelines,
  TestDriver,
  TestPipelineOptions,
} from './driver.ts'
import { createLifecycle } from './lifecycle.ts'
import { createPorts, type Ports } from './ports.ts'
import { createVirtualClock } from './virtualClock.ts'

/**
 * Runs a pipeline as `run` does, over a store in memory, without sockets, files or time: send it messages, read what
 * comes out, look into its state, let it crash and go on.
 *
 * The pipeline is what stands between source and sink, an `OperatorFunction`; or several by name, which share their
 * state partitions. Its source can replay: after a crash it begins where the last checkpoint says. Checkpoints are
 * taken when they are asked for, and at an end or stop.
 *
 * Time is virtual for what the pipeline does and for what that leads to, promises included: RxJS operators such as
 * `debounceTime`, `setTimeout`, `setInterval` and `Date.now()`. It passes when it is told to. Not reached are what is
 * imported from `node:timers` and `node:timers/promises`, `AbortSignal.timeout`, `setImmediate`, `performance.now()`
 * and `new Date()`. The global functions are replaced while a driver is open, and do for everybody else what they
 * always do.
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
 * const counting = toStatePartition((word: string, state) => [`${word} ${++state.count}`, true], counts)
 * const driver = await testPipeline(counting)
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
  knownOptions('testPipeline', options, known)
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

const known: OptionNames<TestPipelineOptions> = {
  framing: true,
  maxFrameLength: true,
  delivery: true,
  onError: true,
  store: true,
  startTime: true,
}

/** The name of a pipeline that is alone. */
const only = 'pipeline'

async function createDriver(
  program: Pipelines,
  {
    framing,
    maxFrameLength,
    delivery = 'at least once',
    onError = 'stop',
    store = memoryStore(),
    startTime = 0,
  }: TestPipelineOptions,
): Promise<{ driver: TestDriver<Pipelines>; ports: ReadonlyMap<string, Ports> }> {
  if (framing !== undefined) checkFraming(framing, maxFrameLength)
  const clock = createVirtualClock(startTime)
  const letters: DeadLetter[] = []
  const deadLetters = (letter: DeadLetter): void => {
    letters.push(letter)
  }
  const drive = createDrive(clock, () => {
    lifecycle.checkNotFailed()
  })
  const checkSendable = (): void => {
    lifecycle.checkOpen()
    lifecycle.checkNotFailed()
  }
  const running = (): Application => lifecycle.running()
  const ports: ReadonlyMap<string, Ports> = new Map(
    Object.keys(program).map((name) => [
      name,
      createPorts({
        framing,
        maxFrameLength,
        delivery,
        clock,
        drive,
        checkSendable,
        checkRunning: () => void running(),
      }),
    ]),
  )
  const lifecycle = createLifecycle({ program, ports, clock, store, onError, deadLetters })

  const driver: TestDriver<Pipelines> = {
    entity: (partition, key) => running().entities.state(partition, key),
    state: (key, partition) => entityUnderTest(running().entities, key, partition),
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
      drive.atOnce(() => {
        clock.advance(milliseconds)
      })
    },
    settle: async ({ timers = false } = {}) => {
      do await drive.until(() => running().quiesce())
      while (timers && clock.fireNext())
    },
    checkpoint: async () => {
      await drive.until(() => running().checkpoint())
    },
    crash: () => lifecycle.crash(),
    async restart(next) {
      lifecycle.checkOpen()
      await lifecycle.crash()
      await lifecycle.start(next)
    },
    async end() {
      const { closed: ended } = running()
      await drive.until(() => {
        for (const { input } of ports.values()) input.end()
        return ended
      })
    },
    stop: async () => {
      await drive.until(() => running().close())
    },
    close: () => lifecycle.close(),
    [Symbol.asyncDispose]: () => driver.close(),
  }
  try {
    await lifecycle.start()
    await running().checkpoint() // an exactly-once sink holds its pipeline until it is known where it begins
  } catch (error) {
    clock.close()
    throw error
  }
  return { driver, ports }
}

function entityUnderTest<State>(
  entities: Application['entities'],
  key: Key,
  partition: StatePartition<never, State> = onlyOne(entities),
): EntityUnderTest<State> | undefined {
  const state = entities.state(partition, key)
  if (state === undefined) return undefined
  const timers: { name: string | number; at: number }[] = []
  const table = entities.of(partition)
  if (table.hasTimers) table.timers().forEach(table.slot(key), (name, at) => timers.push({ name, at }))
  const expires = timers.find(({ name }) => name === expiry)
  const own = timers.filter((timer) => timer !== expires)
  own.sort((one, other) => one.at - other.at || compareNames(one.name, other.name))
  return { state, timers: own, ...(expires && { expiresAt: expires.at }) }
}

/** The state partition that is meant where none is named. */
function onlyOne<State>(entities: Application['entities']): StatePartition<never, State> {
  const all = entities.all().filter((partition) => !keepsOrigins(partition))
  if (all.length === 1) return all[0] as StatePartition<never, State>
  const names = all.map(({ name }) => name).join(', ')
  throw invalidOption(
    'partition',
    `given, as the program has ${names === '' ? 'none' : `several: ${names}`}`,
    undefined,
  )
}
