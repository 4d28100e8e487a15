import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { config } from 'rxjs'
import { afterEach, expect } from 'vitest'

// A failing property prints its seed; CI always runs the same ones, so that a red run can be repeated.
const seed = process.env.WALLARX_SEED ?? (process.env.CI === undefined ? undefined : 20_260_101)
fc.configureGlobal({ ...fc.readConfigureGlobal(), ...(seed === undefined ? {} : { seed: Number(seed) }) })

let unhandled: unknown[] = []

config.onUnhandledError = (error) => {
  unhandled.push(error)
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

afterEach(async () => {
  expect(await takeUnhandledErrors(), 'errors that no observer handled').toEqual([])
})
