import { setTimeout as delay } from 'node:timers/promises'
import { config } from 'rxjs'

let unhandled: unknown[] = []

/** From now on what RxJS has nobody to give to is kept here. */
export function keepUnhandledErrors(): void {
  config.onUnhandledError = (error) => {
    unhandled.push(error)
  }
}

/**
 * The errors that RxJS had nobody to give to since the last call, or since the test began. A test that provokes them
 * takes them; those that nobody takes fail the test.
 */
export async function takeUnhandledErrors(): Promise<unknown[]> {
  await delay(1) // RxJS reports from a timer that it set when the error happened; this one is due after it
  const taken = unhandled
  unhandled = []
  return taken
}
