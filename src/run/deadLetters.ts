import type { Clock } from '../base/clock.ts'
import type { DeadLetter } from '../context/deadLetter.ts'
import { shown } from '../base/shown.ts'
import type { RunOptions } from './contract.ts'
import type { Log } from '../base/log.ts'

/** Delivers dead letters, and logs them without flooding the log. */
export interface DeadLetters {
  deliver(letter: DeadLetter): void
  /** Logs what was held back. */
  end(): void
}

const quietTime = 1000

/**
 * Of dead letters with one code in one pipeline, the first is logged in full, those within a second after it as a
 * number.
 */
export function createDeadLetters(consumer: RunOptions['deadLetters'], log: Log, clock: Clock): DeadLetters {
  const heldBack = new Map<string, { count: number; readonly cancelTimer: () => void }>()

  const logLetter = ({ pipeline, error }: DeadLetter): void => {
    const kind = `${pipeline}: dead letter ${error.code}`
    const held = heldBack.get(kind)
    if (held !== undefined) {
      held.count++
      return
    }
    log.warn(`${kind}: ${error.message}`)
    const cancelTimer = clock.after(quietTime, () => {
      logHeldBack(kind)
    })
    heldBack.set(kind, { count: 0, cancelTimer })
  }

  const logHeldBack = (kind: string): void => {
    const { count, cancelTimer } = heldBack.get(kind)!
    cancelTimer()
    heldBack.delete(kind)
    if (count > 0) log.warn(`${kind}: ${count} more`)
  }

  return {
    deliver(letter) {
      logLetter(letter)
      try {
        if (typeof consumer === 'function') consumer(letter)
        else consumer?.next(letter)
      } catch (error) {
        log.error(`the consumer of dead letters failed: ${shown(error)}`)
      }
    },
    end() {
      for (const kind of [...heldBack.keys()]) logHeldBack(kind)
    },
  }
}
