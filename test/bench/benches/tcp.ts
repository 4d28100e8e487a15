import type { Bench } from '../bench.ts'
import { interleave } from '../runner.ts'
import { createTcpCourse, type ServerName } from '../tcpCourse.ts'

export const tcp: Bench = {
  name: 'tcp',
  about: 'word count from TCP to TCP: ours and a hand-written net server',
  async measure({ runs, frames }) {
    const course = await createTcpCourse(frames)
    const cpu: Record<ServerName, number[]> = { ours: [], net: [] }
    const contestant = (name: ServerName) => ({
      async run() {
        const { milliseconds, cpuMilliseconds } = await course.run(name)
        cpu[name].push((cpuMilliseconds * 1e6) / course.words)
        return course.words / milliseconds / 1000
      },
    })
    try {
      const found = await interleave({ ours: contestant('ours'), net: contestant('net') }, { warmUps: 0, runs })
      return {
        measurements: [
          {
            name: 'TCP in → TCP out',
            against: 'hand-written server',
            unit: 'M words/s',
            ours: found.ours,
            theirs: found.net,
            target: { atLeast: 0.95 },
          },
          {
            name: "the server's processor time",
            against: 'hand-written server',
            unit: 'ns/word',
            ours: cpu.ours,
            theirs: cpu.net,
          },
        ],
        notes: [
          `${frames} frames once to warm up and once more, which counts; sender, server and receiver are processes ` +
            'of their own, the server a new one for each run; the number of bytes and lines that come out is checked',
        ],
      }
    } finally {
      await course.stop()
    }
  },
}
