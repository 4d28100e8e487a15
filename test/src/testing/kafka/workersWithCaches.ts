import type { Through } from '../../../../src/testing/cluster/simulateThrough.ts'
import type { BuildPipeline } from '../../../../src/testing/pipelineLaw/pipelineLaw.ts'
import { workersThrough, type WorkersOptions } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { createCaches, type Caches } from './caches.ts'

/** The law `workersDoNotMatter`, where workers have caches: now and then one is deleted, or put back from a backup. */
export function workersWithCaches<In, Out>(
  through: (caches: Caches) => Through,
  build: BuildPipeline<In, Out>,
  options: WorkersOptions<In>,
  rest?: number,
): Promise<void> {
  let own: Through
  return workersThrough<In, Out>(
    (client, broker) => own(client, broker),
    build,
    options,
    () => {
      const caches = createCaches({ disturbed: true })
      own = through(caches)
      return caches.cacheOf
    },
    rest,
  )
}
