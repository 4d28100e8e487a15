import { createBroker, type Broker } from './broker/broker.ts'
import { createProcess, type Process } from './process/process.ts'
import { createRandom } from './process/random.ts'
import { createTimeline, type Timeline } from './process/timeline.ts'

/** A broker in memory, and processes that use it, in virtual time: everything follows from the seed. */
export interface Simulation {
  readonly broker: Broker
  readonly timeline: Timeline
  process(name: string): Process
  /** Lets things happen until it is told to stop: `isOver` is asked before each. */
  run(isOver: () => boolean): Promise<void>
  /** Resolves when nothing is left to do that needs no time. */
  rest(): Promise<void>
}

const { setImmediate } = globalThis // the real one, whatever a test runner puts in its place

/** So many things happen before the event loop of Node turns, for what needs that. */
const thingsInATurn = 32

const atRest = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

export function createSimulation(seed: number): Simulation {
  const timeline = createTimeline()
  const random = createRandom(seed)
  const broker = createBroker(timeline, random)
  return {
    broker,
    timeline,
    process: (name) => createProcess({ name, timeline, broker, random }),
    async run(isOver) {
      for (let count = 0; ; count++) {
        await atRest()
        await atRest() // what waited for the next tick itself
        if (isOver()) return
        if (count % thingsInATurn === 0 || timeline.next === undefined) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        timeline.step()
      }
    },
    async rest() {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}
