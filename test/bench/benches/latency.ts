import type { Bench, BenchOptions, Measurement } from '../bench.ts'
import { startChild } from '../child.ts'
import { createTcpCourse, type ServerName } from '../tcpCourse.ts'

/** Milliseconds of the median. */
const fallenBehind = 20

const percentiles = ['p50', 'p99', 'p99.9'] as const

export const latency: Bench = {
  name: 'latency',
  about: "time from TCP to TCP at half of the hand-written server's highest rate",
  async measure(options) {
    const { quick } = options
    // Many short turns: a tail is made by few collections of garbage, and by what V8 has compiled in that process.
    const runs = quick ? 1 : 2 * options.runs + 1
    const seconds = quick ? options.seconds : options.seconds / 2
    const highest = await highestRate(options)
    const rate = highest / 2
    const warmUp = Math.min(2, seconds)
    const probe = startChild(new URL('../processes/probe.ts', import.meta.url))
    try {
      const receiverPort = await probe.ask<number>('port')
      const measure = async (name: ServerName): Promise<Run> => {
        const server = startChild(new URL('../processes/server.ts', import.meta.url), [name])
        try {
          const port = await server.ask<number>('start', receiverPort)
          const cpuFrom = await server.ask<number>('cpu')
          const milliseconds = await probe.ask<number[]>('measure', port, rate, warmUp, seconds)
          const cpu = (await server.ask<number>('cpu')) - cpuFrom
          return { milliseconds, cpuOfFrame: (cpu * 1000) / (rate * (warmUp + seconds)) }
        } finally {
          await server.stop()
        }
      }
      const pairs: Pair[] = []
      while (pairs.filter(isCalm).length < runs && pairs.length < 2 * runs) {
        // Each of them is the first in every other pair.
        const netFirst = pairs.length % 2 === 1
        const early = netFirst ? await measure('net') : undefined
        const ours = await measure('ours')
        pairs.push({ ours, net: early ?? (await measure('net')) })
      }
      const calm = pairs.filter(isCalm)
      const busy = 2 * calm.length < pairs.length
      const counted = busy ? pairs : calm
      const times = percentiles.map((percentile, index): Measurement => ({
        name: `TCP in → TCP out, ${percentile}`,
        against: 'hand-written server',
        unit: 'ms',
        ours: counted.map((pair) => pair.ours.milliseconds[index]!),
        theirs: counted.map((pair) => pair.net.milliseconds[index]!),
        ...(!busy && { target: { atMost: percentile === 'p50' ? 1.5 : 1.2 } }),
      }))
      const cpu: Measurement = {
        name: "the server's processor time",
        against: 'hand-written server',
        unit: 'ns/frame',
        ours: counted.map((pair) => pair.ours.cpuOfFrame),
        theirs: counted.map((pair) => pair.net.cpuOfFrame),
      }
      return {
        measurements: [...times, cpu],
        notes: [
          `at ${Math.round(rate)} frames a second, half of the ${Math.round(highest)} that the hand-written server ` +
            `reached; ${seconds} s each after ${warmUp} s of warm-up`,
          busy
            ? `THE MACHINE WAS BUSY, nothing is judged: in ${pairs.length - calm.length} of ${pairs.length} pairs ` +
              'of runs the hand-written server itself fell behind'
            : `${calm.length} of ${pairs.length} pairs of runs count; in any other the hand-written server itself ` +
              'fell behind, as the machine was busy',
          'a batch of frames every 0.25 ms, whatever the server does (open loop); time from when the batch was due ' +
            'until a word of every 100th frame has come back',
        ],
      }
    } finally {
      await probe.stop()
    }
  },
}

interface Run {
  /** By percentile. */
  readonly milliseconds: readonly number[]
  /** The server's processor time, in ns. */
  readonly cpuOfFrame: number
}

/** Two runs, one straight after the other. */
type Pair = Readonly<Record<ServerName, Run>>

/** At half of its rate the hand-written server falls behind only where other programs take its processor. */
const isCalm = ({ net }: Pair): boolean => net.milliseconds[0]! < fallenBehind

/** Frames a second. */
export async function highestRate({ runs, frames }: BenchOptions): Promise<number> {
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
