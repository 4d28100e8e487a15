import { toHalves } from '../../key/key.ts'
import type { MonitoredCluster, WorkerPlace } from '../monitored.ts'
import type { ClusterReport, MonitorReport } from '../report.ts'
import type { Telemetry } from '../telemetry/api.ts'
import { createPackTracing, type PackTracing } from '../telemetry/packs.ts'
import type { PortPlace } from './place.ts'

/** What a worker tells its monitor when it is asked, over all its lives. */
export interface WatchedCluster {
  readonly lifecycle: () => MonitorReport['lifecycle']
  /** `undefined` before its first life. */
  readonly report: () => ClusterReport | undefined
  /** `undefined` before its first life has begun. */
  readonly surroundings: () => WatchedSurroundings | undefined
}

interface WatchedSurroundings {
  workers(): readonly WorkerPlace[]
  /** By the halves of the key. */
  ownerOf(partition: string, low: number, high: number): string | undefined
}

/** A worker and its cluster, as far as there is one. */
export interface ClusterWatch {
  /** Its port is there. */
  readonly shownAt: (place: PortPlace) => void
  /** How a worker is looked at. */
  readonly looked: () => { readonly port?: PortPlace; readonly tracing?: PackTracing | undefined }
  /** What happens now, for other workers. `undefined`: nothing is traced. */
  readonly tracing: PackTracing | undefined
  /** `worker`: the name of this one. */
  readonly watch: (worker: string, cluster: WatchedCluster) => void
  readonly worker: string | undefined
  readonly watched: WatchedCluster | undefined
  readonly cluster: MonitoredCluster | undefined
}

export function createClusterWatch(application: string, telemetry: Telemetry | undefined): ClusterWatch {
  const tracing = createPackTracing({ application, worker: () => worker }, telemetry)
  let port: PortPlace | undefined
  let worker: string | undefined
  let watched: WatchedCluster | undefined
  let cluster: MonitoredCluster | undefined
  return {
    shownAt(place) {
      port = place
    },
    looked: () => ({ ...(port !== undefined && { port }), tracing }),
    tracing,
    watch(name, of) {
      worker = name
      watched = of
      cluster = clusterOf(of)
    },
    get worker() {
      return worker
    },
    get watched() {
      return watched
    },
    get cluster() {
      return cluster
    },
  }
}

const halves = new Uint32Array(2)

const clusterOf = ({ surroundings }: WatchedCluster): MonitoredCluster => ({
  workers: () => surroundings()?.workers() ?? [],
  ownerOf(partition, key) {
    toHalves(key, halves)
    return surroundings()?.ownerOf(partition, halves[0]!, halves[1]!)
  },
})
