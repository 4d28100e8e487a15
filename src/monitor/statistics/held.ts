import type { PipelineReport } from '../report.ts'

/** Who has held a pipeline, how often and for how long: of the first thousand names. */
export interface Held {
  readonly add: (name: string, time: number) => void
  /** Those that are there `now` too. */
  report(present: PipelineReport['holds'], now: number): PipelineReport['held']
}

const most = 1000

export function createHeld(): Held {
  const all = new Map<string, { count: number; time: number }>()
  return {
    add(name, time) {
      const known = all.get(name)
      if (known !== undefined) {
        known.count++
        known.time += time
      } else if (all.size < most) all.set(name, { count: 1, time })
    },
    report(present, now) {
      const found = new Map([...all].map(([name, { count, time }]) => [name, { name, count, time }]))
      for (const { name, since } of present) {
        const held = found.get(name) ?? { name, count: 0, time: 0 }
        found.set(name, { name, count: held.count + 1, time: held.time + Math.max(0, now - since) })
      }
      return [...found.values()]
    },
  }
}
