import type { Context } from '../../context/context.ts'

/** Something that has come whole and wants to be handed over. */
export interface Arrival {
  /** Hands it over. */
  pass(): void
  /** It has waited for long enough. */
  giveUp(): void
}

/** Lets in what has come, in order, while nothing holds the pipeline. */
export interface Intake {
  /** Has it passed at once where it may, and otherwise when it may or has waited for long enough. */
  offer(arrival: Arrival): void
  /** It does not wait any more. */
  withdraw(arrival: Arrival): void
  /** The pipeline has been held for so long that nobody waits. */
  readonly isShut: boolean
  /** Nothing waits any more, or ever will. */
  end(): void
}

/** `holdTimeout`: how many ms something may wait. A hold that has lasted for so long is not waited for at all. */
export function createIntake({ backPressure: { holds }, clock }: Context, holdTimeout: number): Intake {
  /** What waits, oldest first, and how to stop its time. */
  const waiting = new Map<Arrival, () => void>()
  let forget: (() => void) | undefined
  let ended = false

  const withdraw = (arrival: Arrival): void => {
    waiting.get(arrival)?.()
    waiting.delete(arrival)
  }
  const waitForTurn = (): void => {
    forget ??= holds.onFree(passAll)
  }
  const passAll = (): void => {
    forget = undefined
    for (const arrival of waiting.keys()) {
      if (holds.held || ended) break
      withdraw(arrival)
      arrival.pass()
    }
    if (waiting.size > 0 && !ended) waitForTurn()
  }
  const isShut = (): boolean =>
    holds.held && clock.now() - Math.min(...holds.list().map(({ since }) => since)) >= holdTimeout

  return {
    get isShut() {
      return isShut()
    },
    offer(arrival) {
      if (ended) return
      if (!holds.held && waiting.size === 0) {
        arrival.pass()
        return
      }
      if (isShut()) {
        arrival.giveUp()
        return
      }
      const cancel = clock.after(holdTimeout, () => {
        waiting.delete(arrival)
        arrival.giveUp()
      })
      waiting.set(arrival, cancel)
      waitForTurn()
    },
    withdraw,
    end() {
      ended = true
      forget?.()
      for (const arrival of [...waiting.keys()]) withdraw(arrival)
    },
  }
}
