import { constants } from 'node:os'
import { onSignals } from '../run/signals.ts'

/**
 * Does something that the first SIGINT or SIGTERM aborts; resolves to the exit code, that of a signal where there was
 * one.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const interrupt = new AbortController()
  let code = 0
  const forgetSignals = onSignals((signal) => {
    code = 128 + constants.signals[signal as NodeJS.Signals]
    interrupt.abort()
  })
  try {
    await work(interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    console.error('stopped; nothing is left behind')
  } finally {
    forgetSignals()
  }
  return code
}
