import { workersWithCaches } from '../workersWithCaches.ts'
import { schedules } from './schedules.ts'

schedules(2, (program, options) => workersWithCaches(() => (client) => client, program, options))
