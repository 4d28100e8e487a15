import type { Bench } from '../bench.ts'
import { lookup } from './lookup.ts'
import { memory } from './memory.ts'
import { steps } from './steps.ts'

/** All benches, in the order in which they run. */
export const benches: readonly Bench[] = [memory, steps, lookup]
