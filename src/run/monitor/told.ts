import type { RunPartitions } from '../../checkpoint/partitions.ts'
import { entityQueries } from '../../monitor/entities/entityQueries.ts'
import type { Watched } from '../../monitor/monitor.ts'
import type { RunStatus } from '../contract.ts'
import type { RunLifecycle } from '../lifecycle.ts'
import type { Pipeline } from '../pipeline.ts'

/** What a run tells of itself: to its monitor, and by `status()`. */
export interface Told {
  readonly watched: () => Watched
  readonly status: () => RunStatus
}

export interface Telling {
  readonly name: string
  readonly lifecycle: Pick<RunLifecycle, 'state'>
  /** By name. */
  readonly pipelines: ReadonlyMap<string, Pick<Pipeline, 'status' | 'inFlight'>>
  readonly partitions: Pick<RunPartitions, 'open' | 'sizes' | 'status'>
  readonly takesCheckpoints: boolean
}

export const toldOf = ({ name, lifecycle, pipelines, partitions, takesCheckpoints }: Telling): Told => ({
  watched: () => ({
    lifecycle: lifecycle.state,
    pipelines: new Map(
      [...pipelines].map(([id, pipeline]) => [id, { ...pipeline.status(), inFlight: pipeline.inFlight }]),
    ),
    partitions: partitions.sizes(),
    takesCheckpoints,
    partition: (partition) => entityQueries(partitions, partition),
  }),
  status: () => ({
    name,
    lifecycle: lifecycle.state,
    pipelines: Object.fromEntries([...pipelines].map(([id, pipeline]) => [id, pipeline.status()])),
    partitions: partitions.status(),
  }),
})
