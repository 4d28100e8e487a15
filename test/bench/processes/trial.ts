import { answer } from '../answer.ts'
import { createTrial } from '../trials.ts'

// node trial.ts NAME SIZE, with --expose-gc

const trial = createTrial(process.argv[2]!, Number(process.argv[3]))

answer({
  check: () => trial.check!(),
  /** Nanoseconds of CPU time for each message. */
  async cpu() {
    globalThis.gc?.()
    const start = process.cpuUsage()
    await trial.run()
    const { user, system } = process.cpuUsage(start)
    return (1000 * (user + system)) / trial.messages
  },
  /** The same in a run that goes on for longer, after its beginning. To be asked once: see `compareTrials`. */
  steady: () => trial.steady!(),
  /** Nanoseconds for each message. */
  async run() {
    globalThis.gc?.()
    const start = process.hrtime.bigint()
    await trial.run()
    return Number(process.hrtime.bigint() - start) / trial.messages
  },
})
