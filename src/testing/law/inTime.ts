import { performance } from 'node:perf_hooks'

/** Parts in which time is counted. */
const parts = 10

/**
 * Resolves or rejects as what `work` gives does; rejects with what `late` makes when that has not ended within so many
 * milliseconds in which this process worked, or had nothing to do. Those in which others kept it from working do not
 * count, and a pause in which all of it stood still counts as a tenth, so that a busy machine is no failure.
 */
export async function inTime<Result>(
  milliseconds: number,
  work: () => Result | Promise<Result>,
  late: () => Error,
): Promise<Result> {
  const part = milliseconds / parts
  let timer: NodeJS.Timeout | undefined
  let left = milliseconds
  let before = ownTime()
  const over = new Promise<never>((_, reject) => {
    const look = (): void => {
      const now = ownTime()
      left -= Math.min(now - before, part)
      before = now
      if (left > 0) timer = setTimeout(look, Math.min(left, part))
      else reject(late())
    }
    timer = setTimeout(look, part)
  })
  try {
    return await Promise.race([work(), over])
  } finally {
    clearTimeout(timer)
  }
}

/** In ms: of the processor, and in which the event loop waited for something. */
function ownTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + performance.eventLoopUtilization().idle
}
