import { answer } from '../answer.ts'
import { createTrial } from '../trials.ts'

// node trial.ts SIZE NAME…, with --expose-gc

const [size, ...names] = process.argv.slice(2)
const trials = new Map(names.map((name) => [name, createTrial(name, Number(size))]))

answer({
  check: (name: string) => trials.get(name)!.check!(),
  /** Nanoseconds of CPU time for each message. */
  async cpu(name: string) {
    const trial = trials.get(name)!
    globalThis.gc?.()
    const start = process.cpuUsage()
    await trial.run()
    const { user, system } = process.cpuUsage(start)
    return (1000 * (user + system)) / trial.messages
  },
  /** The same in a run that goes on for longer, after its beginning. To be asked once: see `compareTrials`. */
  steady: (name: string) => trials.get(name)!.steady!(),
  /** Nanoseconds for each message. */
  async run(name: string) {
    const trial = trials.get(name)!
    globalThis.gc?.()
    const start = process.hrtime.bigint()
    await trial.run()
    return Number(process.hrtime.bigint() - start) / trial.messages
  },
})
