import { from } from 'rxjs'
import { run } from 'wallarx'
import type { Contender } from './contender.ts'
import { lines } from './ours.ts'
import type { Workload } from './workload.ts'

/** The same `pipe()` under a `run` that is measured. */
export function oursRun<State>(workload: Workload<State>): Contender {
  return async (chunks, take) => {
    const pipelines = { lines: lines(from(chunks), workload, take) }
    const { closed } = await run({
      name: 'Word Count',
      pipelines,
      handleSignals: false,
      log: false,
      monitor: { listen: 0 },
    })
    await closed
  }
}
