import { setImmediate as turn } from 'node:timers/promises'
import { fromAsyncIterable, run } from 'wallarx'
import { createDeferred } from '../../../src/base/deferred.ts'
import { startChild, type Child } from '../child.ts'
import type { Contender } from './contender.ts'
import { lines } from './ours.ts'
import type { Workload } from './workload.ts'

const chunksATurn = 8

/** Chunks that begin to come then, and let the process do something else in between. */
async function* inTurns(chunks: Iterable<Buffer>, begun: Promise<void>): AsyncGenerator<Buffer> {
  await begun
  let at = 0
  for (const chunk of chunks) {
    if (at++ % chunksATurn === 0) await turn()
    yield chunk
  }
}

/** Under a `run` whose page is open in a browser, or which nobody looks at. */
export function oursWatched<State>(workload: Workload<State>, isWatched: boolean): Contender {
  let watcher: Child | undefined
  return async (chunks, take) => {
    const begun = createDeferred()
    const app = await run({
      name: 'Word Count',
      pipelines: { lines: lines(fromAsyncIterable(inTurns(chunks, begun.promise)), workload, take) },
      handleSignals: false,
      log: false,
      ...(isWatched && { monitor: { listen: 0 } }),
    })
    if (isWatched) {
      watcher ??= startChild(new URL('../processes/watcher.ts', import.meta.url))
      await watcher.ask('watch', app.monitor!.url)
    }
    begun.resolve()
    await app.closed
    if (isWatched) await watcher!.ask('leave')
  }
}
