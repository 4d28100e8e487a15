import { setTimeout as delay } from 'node:timers/promises'
import { until, type Contender, type KafkaCourse } from './course.ts'
import { createWordFlow } from './wordFlow.ts'

export interface Latency {
  /** In ms: from when a word was due to be written until its count was read. */
  readonly median: number
  readonly p99: number
}

/** Of one worker that is warm, at so many words a second. */
export async function latencyOf(
  course: KafkaCourse,
  contender: Contender,
  rate: number,
  seconds: { readonly warmUp: number; readonly measured: number },
): Promise<Latency> {
  const lines = await course.topic('lines')
  const out = await course.topic('out')
  const running = course.start(contender, lines, out)
  const flow = await createWordFlow(course, lines, out, rate)
  await until('a first count', () => Promise.resolve(flow.count > 0))
  await delay(seconds.warmUp * 1000)
  flow.take()
  await delay(seconds.measured * 1000)
  const times = Float64Array.from(flow.take(), ({ due, at }) => at - due).sort()
  await flow.stop()
  await running.stop()
  return { median: times[times.length >> 1]!, p99: times[Math.floor(times.length * 0.99)]! }
}
