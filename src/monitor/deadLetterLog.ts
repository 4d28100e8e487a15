import type { DeadLetter } from '../context/deadLetter.ts'
import type { DeadLetterReport } from './report.ts'
import { bytesShown, inputKept } from './shownInput.ts'

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

/** One as it is kept: nobody may ever ask for it, so it is made a report when somebody does. */
interface Kept {
  readonly at: number
  readonly pipeline: string
  readonly code: DeadLetterReport['code']
  readonly message: string
  readonly where: DeadLetter['error']['where']
  /** A copy of the first bytes, or what is shown of a message. */
  readonly input: Buffer | string
}

export function createDeadLetterLog(): DeadLetterLog {
  const letters: Kept[] = []
  let next = 0 // where the next one goes, once there are so many
  const listeners = new Set<(letter: DeadLetterReport) => void>()
  return {
    add({ pipeline, error: { code, message, where }, input }, at) {
      const kept: Kept = { at, pipeline, code, message: beginningOf(message), where, input: inputKept(input) }
      if (letters.length < most) letters.push(kept)
      else {
        letters[next] = kept
        next = (next + 1) % most
      }
      if (listeners.size === 0) return
      const letter = reportOf(kept)
      for (const listener of listeners) listener(letter)
    },
    last: () => [...letters.slice(next), ...letters.slice(0, next)].map(reportOf),
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

const beginningOf = (text: string): string => (text.length > longestText ? text.slice(0, longestText) : text)

const reportOf = ({ at, pipeline, code, message, where, input }: Kept): DeadLetterReport => ({
  at,
  pipeline,
  code,
  message,
  where: placeOf(where),
  ...(typeof input === 'string' ? { input } : { input: bytesShown(input), hex: input.toString('hex') }),
})

/** The step, source or sink, and what is known besides. */
function placeOf(where: DeadLetter['error']['where']): string {
  const { pipeline: _, ...rest } = where
  return Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
    .slice(0, longestText)
}
