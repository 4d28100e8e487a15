import type { DeadLetter } from '../deadLetter.ts'
import { shown } from '../errors.ts'
import type { Log, RunOptions } from './contract.ts'

/** Delivers dead letters, and logs them without flooding the log. */
export interface Reporter {
  deliver(letter: DeadLetter): void
  /** Logs what was held back. */
  end(): void
}

const quietTime = 1000

/** Of dead letters with one code in one pipeline, the first is logged in full, those within a second after it as a number. */
export function createReporter(deadLetters: RunOptions['deadLetters'], log: Log): Reporter {
  const heldBack = new Map<string, { count: number; timer: NodeJS.Timeout }>()

  const logLetter = ({ pipeline, error }: DeadLetter): void => {
    const kind = `${pipeline}: dead letter ${error.code}`
    const held = heldBack.get(kind)
    if (held !== undefined) {
      held.count++
      return
    }
    log.warn(`${kind}: ${error.message}`)
    const timer = setTimeout(() => {
      logHeldBack(kind)
    }, quietTime).unref()
    heldBack.set(kind, { count: 0, timer })
  }

  const logHeldBack = (kind: string): void => {
    const { count, timer } = heldBack.get(kind)!
    clearTimeout(timer)
    heldBack.delete(kind)
    if (count > 0) log.warn(`${kind}: ${count} more`)
  }

  return {
    deliver(letter) {
      logLetter(letter)
      try {
        if (typeof deadLetters === 'function') deadLetters(letter)
        else deadLetters?.next(letter)
      } catch (error) {
        log.error(`the consumer of dead letters failed: ${shown(error)}`)
      }
    },
    end() {
      for (const kind of [...heldBack.keys()]) logHeldBack(kind)
    },
  }
}
