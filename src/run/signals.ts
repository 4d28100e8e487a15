import { constants } from 'node:os'
import { systemClock, type Clock } from '../base/clock.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

/**
 * Milliseconds within which two signals are one wish: a terminal sends Ctrl-C to every process of a command, and npm,
 * as other parents do, passes it on to its child, which got it already.
 */
const together = 500

/**
 * Calls `stop` at the first SIGINT or SIGTERM and exits the process at the next wish. The result takes the handlers
 * away.
 */
export function onSignals(stop: (signal: string) => void, clock: Clock = systemClock): () => void {
  let since: number | undefined // when the first came
  const onSignal = (signal: NodeJS.Signals): void => {
    if (since === undefined) {
      since = clock.elapsed()
      stop(signal)
    } else if (clock.elapsed() - since > together) {
      process.exit(128 + constants.signals[signal])
    }
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
