import type { Bench, BenchOptions } from '../bench.ts'
import { startChild } from '../child.ts'
import { interleave } from '../runner.ts'
import { createTcpCourse, type ServerName } from '../tcpCourse.ts'

const percentiles = ['p50', 'p99', 'p99.9'] as const

export const latency: Bench = {
  name: 'latency',
  about: "time from TCP to TCP at half of the hand-written server's highest rate",
  async measure(options) {
    const { runs, seconds } = options
    const highest = await highestRate(options)
    const rate = highest / 2
    const warmUp = Math.min(2, seconds)
    const probe = startChild(new URL('../processes/probe.ts', import.meta.url))
    try {
      const receiverPort = await probe.ask<number>('port')
      const found: Record<ServerName, number[][]> = { ours: [], net: [] }
      const contestant = (name: ServerName) => ({
        async run() {
          const server = startChild(new URL('../processes/server.ts', import.meta.url), [name])
          try {
            const port = await server.ask<number>('start', receiverPort)
            const measured = await probe.ask<number[]>('measure', port, rate, warmUp, seconds)
            found[name].push(measured)
            return measured[0]!
          } finally {
            await server.stop()
          }
        },
      })
      await interleave({ ours: contestant('ours'), net: contestant('net') }, { warmUps: 0, runs })
      return {
        measurements: percentiles.map((percentile, index) => ({
          name: `TCP in → TCP out, ${percentile}`,
          against: 'hand-written server',
          unit: 'ms',
          ours: found.ours.map((run) => run[index]!),
          theirs: found.net.map((run) => run[index]!),
          target: { atMost: 1.5 },
        })),
        notes: [
          `at ${Math.round(rate)} frames a second, half of the ${Math.round(highest)} that the hand-written server reached; ${seconds} s each after ${warmUp} s of warm-up`,
          'a batch of frames every 0.25 ms, whatever the server does (open loop); time from when the batch was due until a word of every 100th frame has come back',
        ],
      }
    } finally {
      await probe.stop()
    }
  },
}

/** Frames a second. */
async function highestRate({ runs, frames }: BenchOptions): Promise<number> {
  const course = await createTcpCourse(frames)
  try {
    let highest = 0
    for (let run = 0; run < Math.min(3, runs); run++) {
      const { milliseconds } = await course.run('net')
      highest = Math.max(highest, (course.frames / milliseconds) * 1000)
    }
    return highest
  } finally {
    await course.stop()
  }
}
