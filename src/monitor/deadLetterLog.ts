import type { DeadLetter } from '../context/deadLetter.ts'
import type { DeadLetterReport } from './report.ts'
import { inputShown, longest, printable } from './shownInput.ts'

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
  /** What is shown of a message; of bytes how many are kept of the first ones. */
  readonly input: string | number
}

export function createDeadLetterLog(): DeadLetterLog {
  const letters: Kept[] = []
  let next = 0 // where the next one goes
  let starts: Buffer | undefined // of inputs that are bytes, each at the place of its letter
  const listeners = new Set<(letter: DeadLetterReport) => void>()

  const keep = (input: unknown, place: number): string | number => {
    if (!(input instanceof Uint8Array)) return inputShown(input)
    starts ??= Buffer.allocUnsafeSlow(most * longest)
    starts.set(input.length > longest ? input.subarray(0, longest) : input, place * longest)
    return Math.min(input.length, longest)
  }

  const reportOf = ({ at, pipeline, code, message, where, input }: Kept, place: number): DeadLetterReport => {
    const letter = { at, pipeline, code, message, where: placeOf(where) }
    if (typeof input === 'string') return { ...letter, input }
    const start = starts!.subarray(place * longest, place * longest + input)
    return { ...letter, input: printable(start.toString('utf8')), hex: start.toString('hex') }
  }

  return {
    add({ pipeline, error: { code, message, where }, input }, at) {
      const place = next
      const kept = { at, pipeline, code, message: beginningOf(message), where, input: keep(input, place) }
      letters[place] = kept
      next = (place + 1) % most
      if (listeners.size === 0) return
      const letter = reportOf(kept, place)
      for (const listener of listeners) listener(letter)
    },
    last() {
      const reports = letters.map(reportOf)
      return [...reports.slice(next), ...reports.slice(0, next)]
    },
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

/** The step, source or sink, and what is known besides. */
function placeOf(where: DeadLetter['error']['where']): string {
  const { pipeline: _, ...rest } = where
  return Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')
    .slice(0, longestText)
}
