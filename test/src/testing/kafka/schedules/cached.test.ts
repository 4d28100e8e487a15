import { workersWithCaches } from '../workersWithCaches.ts'
import { schedules } from './schedules.ts'

schedules(3, (program, options, rest) => workersWithCaches(() => (client) => client, program, options, rest))
