import fc from 'fast-check'
import { afterEach, expect } from 'vitest'
import { keepUnhandledErrors, takeUnhandledErrors } from './support/unhandledErrors.ts'

// A failing property prints its seed; CI always runs the same ones, so that a red run can be repeated.
const seed = process.env.WALLARX_SEED ?? (process.env.CI === undefined ? undefined : 20_260_101)
fc.configureGlobal({ ...fc.readConfigureGlobal(), ...(seed === undefined ? {} : { seed: Number(seed) }) })

keepUnhandledErrors()

afterEach(async () => {
  expect(await takeUnhandledErrors(), 'errors that no observer handled').toEqual([])
})
