import type { WorkerLife } from '../../cluster/cluster.ts'
import type { Application } from '../application.ts'
import type { Lifecycle, Running } from '../contract.ts'
import type { Lives } from './lives.ts'

/** A life, and the pipelines that run in it. */
export interface Present {
  readonly life: WorkerLife
  readonly app: Application
}

export interface RunningWorker {
  readonly name: string
  readonly closed: Promise<void>
  readonly stop: () => void
  readonly lifecycle: () => Lifecycle
  readonly lives: Lives
  /** `undefined` where it was stopped before there was one. */
  readonly present: () => Present | undefined
}

/** A worker as its program sees it, whatever life it is in. */
export const runningWorker = ({ name, closed, stop, lifecycle, lives, present }: RunningWorker): Running => ({
  name,
  get lifecycle() {
    return lifecycle()
  },
  closed,
  close() {
    stop()
    return closed
  },
  checkpoint: () => (lifecycle() === 'closed' ? closed : (present()?.app.checkpoint() ?? closed)),
  status() {
    const now = present()
    if (now === undefined) return { name, lifecycle: lifecycle(), pipelines: {}, partitions: {} }
    return { ...now.app.status(), worker: lives.status(now.life) }
  },
})
