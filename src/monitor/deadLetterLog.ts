import type { DeadLetter } from '../context/deadLetter.ts'
import type { DeadLetterReport } from './report.ts'
import { hexShown, inputShown } from './shownInput.ts'

/** The last thousand dead letters, each with the first bytes of its input: a flood takes no more room. */
export interface DeadLetterLog {
  add(letter: DeadLetter, at: number): void
  /** The newest last. */
  readonly last: () => DeadLetterReport[]
  /** Calls `listener` with each from now on. The result ends it. */
  readonly listen: (listener: (letter: DeadLetterReport) => void) => () => void
}

const most = 1000
const longestText = 1000 // of a message or place, in characters

export function createDeadLetterLog(): DeadLetterLog {
  const kept: DeadLetterReport[] = []
  let next = 0 // where the next one goes, once there are so many
  const listeners = new Set<(letter: DeadLetterReport) => void>()
  return {
    add({ pipeline, error, input }, at) {
      const hex = hexShown(input)
      const letter: DeadLetterReport = {
        at,
        pipeline,
        code: error.code,
        message: error.message.slice(0, longestText),
        where: placeOf(error.where),
        input: inputShown(input),
        ...(hex !== undefined && { hex }),
      }
      if (kept.length < most) kept.push(letter)
      else {
        kept[next] = letter
        next = (next + 1) % most
      }
      for (const listener of listeners) listener(letter)
    },
    last: () => [...kept.slice(next), ...kept.slice(0, next)],
    listen(listener) {
      const own = (letter: DeadLetterReport): void => {
        listener(letter)
      }
      listeners.add(own)
      return () => {
        listeners.delete(own)
      }
    },
  }
}

/** The step, source or sink, and what is known besides. */
function placeOf(where: DeadLetter['error']['where']): string {
  const { pipeline: _, ...rest } = where
  return Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
    .slice(0, longestText)
}
