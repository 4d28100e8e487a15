import { systemClock } from '../base/clock.ts'
import { createEntities } from '../state/entities.ts'
import { inUse, openUnder } from '../state/statePartition.ts'
import { standaloneBackPressure } from './backPressure.ts'
import { currentContext, type Context } from './context.ts'
import { standaloneEndpoints } from './endpoint.ts'
import { standaloneReport } from './report.ts'
import { noShutdown } from './shutdown.ts'
import { createContextTime } from './time/pipelineTime.ts'

/** The present context, or one that stands alone: its own entities and holds, errors on the error channel, no stop. */
export function presentContext(): Context {
  return currentContext() ?? standaloneContext()
}

export function standaloneContext(): Context {
  const entities = createEntities()
  return {
    pipeline: undefined,
    entities: {
      of(partition) {
        if (partition[openUnder] !== undefined) throw inUse(partition)
        return entities.of(partition)
      },
    },
    backPressure: standaloneBackPressure(),
    shutdown: noShutdown,
    report: standaloneReport,
    endpoints: standaloneEndpoints,
    clock: systemClock,
    time: createContextTime(),
    meter: undefined,
  }
}
