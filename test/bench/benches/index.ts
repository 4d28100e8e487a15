import type { Bench } from '../bench.ts'
import { acknowledged } from './acknowledged.ts'
import { backpressure } from './backpressure.ts'
import { checkpoint } from './checkpoint.ts'
import { commits } from './commits.ts'
import { deadLetters } from './deadLetters.ts'
import { durability } from './durability.ts'
import { entities } from './entities.ts'
import { ix } from './ix.ts'
import { kafka } from './kafka.ts'
import { latency } from './latency.ts'
import { lookup } from './lookup.ts'
import { memory } from './memory.ts'
import { monitor } from './monitor.ts'
import { restart } from './restart.ts'
import { steps } from './steps.ts'
import { tcp } from './tcp.ts'
import { time } from './time.ts'

/** All benches, in the order in which they run. */
export const benches: readonly Bench[] = [
  memory,
  monitor,
  deadLetters,
  steps,
  ix,
  tcp,
  latency,
  lookup,
  entities,
  backpressure,
  durability,
  acknowledged,
  checkpoint,
  commits,
  restart,
  time,
  kafka,
]
