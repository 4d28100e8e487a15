import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Calls `stop` at the first SIGINT or SIGTERM and exits the process at the second. The result takes the handlers away. */
export function onSignals(stop: (signal: string) => void): () => void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(128 + constants.signals[signal])
    stopping = true
    stop(signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
