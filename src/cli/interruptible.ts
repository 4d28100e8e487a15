import { constants } from 'node:os'
import { onSignals } from '../run/signals.ts'

/** What the first SIGINT or SIGTERM aborts. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** The exit code: that of a signal where there was one. */
  readonly code: number
  readonly abort: () => void
  /** Signals do again what they did before. */
  readonly forget: () => void
}

export function onInterrupt(): Interrupt {
  const interrupt = new AbortController()
  let code = 0
  const abort = (): void => {
    interrupt.abort()
  }
  const forget = onSignals((signal) => {
    code = 128 + constants.signals[signal as NodeJS.Signals]
    abort()
  })
  return {
    signal: interrupt.signal,
    get code() {
      return code
    },
    abort,
    forget,
  }
}

/** Does something that an interrupt aborts; resolves to the exit code. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const interrupt = onInterrupt()
  try {
    await work(interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    console.error('stopped; nothing is left behind')
  } finally {
    interrupt.forget()
  }
  return interrupt.code
}
