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
  /** There is one by now, or there was. */
  readonly present: () => Present
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
  checkpoint: () => present().app.checkpoint(),
  status() {
    const { app, life } = present()
    return { ...app.status(), worker: lives.status(life) }
  },
})
