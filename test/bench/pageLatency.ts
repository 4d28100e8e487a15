import { highestRate } from './benches/latency.ts'
import type { BenchOptions, Measurement } from './bench.ts'
import { startChild } from './child.ts'

/** Of the percentiles of the probe: 99.9. */
const last = 2

/** The time from TCP to TCP with the page of the run open in a browser, against that of a run without a page. */
export async function pageLatency(options: BenchOptions): Promise<Measurement> {
  const { runs, seconds } = options
  const rate = (await highestRate(options)) / 2
  const probe = startChild(new URL('./processes/probe.ts', import.meta.url))
  const watcher = startChild(new URL('./processes/watcher.ts', import.meta.url))
  try {
    const receiverPort = await probe.ask<number>('port')
    const measure = async (name: 'ours' | 'shown'): Promise<number> => {
      const server = startChild(new URL('./processes/server.ts', import.meta.url), [name])
      try {
        const port = await server.ask<number>('start', receiverPort)
        if (name === 'shown') await watcher.ask('watch', await server.ask<string>('page'))
        return (await probe.ask<number[]>('measure', port, rate, Math.min(2, seconds), seconds))[last]!
      } finally {
        await server.stop()
      }
    }
    const ours: number[] = []
    const theirs: number[] = []
    for (let run = 0; run < runs; run++) {
      theirs.push(await measure('ours'))
      ours.push(await measure('shown'))
    }
    return {
      name: 'TCP in → TCP out, p99.9, the page open in Chromium',
      against: 'run without a monitor',
      unit: 'ms',
      ours,
      theirs,
      target: { atMost: 1.1 },
    }
  } finally {
    await Promise.all([watcher.stop(), probe.stop()])
  }
}
