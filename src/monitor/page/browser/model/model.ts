import type { MonitorReport } from '../../../report.ts'
import type { Histograms } from '../../view/percentiles.ts'
import { why, type Verdict } from '../../view/why.ts'
import { elapsed } from '../clock.ts'
import type { ConnectionState } from './connection.ts'
import { createLetters, type PlacedLetter } from './deadLetters.ts'
import { createHistory, type History } from './history.ts'
import type { OtherWorker } from './others.ts'

/** A pipeline, or one of its nodes. */
export interface Selection {
  readonly pipeline: string
  /** `''`: the pipeline as a whole. */
  readonly node: string
}

/** What the parts of the page are told at each report, and each second. */
export interface View {
  readonly report: MonitorReport
  readonly history: History
  readonly verdict: Verdict
  readonly connection: ConnectionState
  /** The run's clock, as it goes on between reports. */
  readonly now: number
  /** For how long no report has come, in ms. */
  readonly silentFor: number
  /** Where the run was started again while the page was open: when. */
  readonly restartedAt: number | undefined
  readonly selection: Selection
  /** Of all workers, the newest first. */
  readonly deadLetters: readonly PlacedLetter[]
  /** The newest report of each worker that was heard of, by name. */
  readonly workers: readonly MonitorReport[]
  /** All workers of the cluster that are known. */
  readonly others: readonly OtherWorker[]
}

interface Worker {
  report: MonitorReport
  history: History
  heardAt: number
  restartedAt: number | undefined
}

/** What the page knows. */
export function createModel() {
  const workers = new Map<string, Worker>()
  let own: string | undefined // whose page this is: the first that is heard of
  let chosen: string | undefined
  let selection: Selection | undefined // until something is chosen, what does not move is selected
  let connection: ConnectionState = { kind: 'connecting' }
  const letters = createLetters()
  let others: readonly OtherWorker[] = []

  const current = (): Worker | undefined => workers.get(chosen ?? '') ?? [...workers.values()][0]

  return {
    get connection() {
      return connection
    },
    setConnection(state: ConnectionState): void {
      connection = state
    },
    /** Of the run whose page this is, or of another worker. Says whether it is another run than the one before. */
    setReport(report: MonitorReport): boolean {
      const name = report.worker ?? ''
      own ??= name
      const before = workers.get(name)
      const restarted = before !== undefined && before.report.instance !== report.instance
      const worker: Worker =
        before === undefined || restarted
          ? { report, history: createHistory(), heardAt: 0, restartedAt: restarted ? report.startedAt : undefined }
          : before
      if (restarted && name === own) letters.clear()
      worker.report = report
      worker.heardAt = elapsed()
      worker.history.add(report)
      workers.set(name, worker)
      return restarted
    },
    /** Those that are not among them are gone. */
    setOthers(known: readonly OtherWorker[]): void {
      others = known
      for (const { report } of known) if (report !== undefined && report.worker !== own) this.setReport(report)
      const names = new Set(known.map(({ worker }) => worker))
      for (const [name] of workers) if (name !== own && !names.has(name)) workers.delete(name)
      letters.keep(names)
    },
    /** Whose page this is. */
    get own() {
      return own
    },
    /** The worker that is shown; `undefined` without a cluster. */
    get shown() {
      return current()?.report.worker
    },
    addHistograms(histograms: Histograms, of: string | undefined): void {
      const worker = workers.get(of ?? '')
      worker?.history.addHistograms(histograms, worker.report.at + elapsed() - worker.heardAt)
    },
    letters,
    choose(worker: string): void {
      chosen = worker
    },
    select(wanted: Selection): void {
      selection = wanted
    },
    view(): View | undefined {
      const worker = current()
      if (worker === undefined) return undefined
      const { report, history, heardAt, restartedAt } = worker
      const silentFor = elapsed() - heardAt
      const now = report.at + silentFor
      const earlier = history.before(10_500)
      const circumstances = { now, movedAt: history.movedAt, ...(earlier === undefined ? {} : { earlier }) }
      const verdict = why(report, circumstances)
      return {
        report,
        history,
        connection,
        now,
        silentFor,
        restartedAt,
        deadLetters: letters.all(report.worker === undefined ? undefined : own),
        verdict,
        selection: existing(report, selection ?? { pipeline: verdict.pipeline ?? '', node: '' }),
        workers: [...workers.values()].map((one) => one.report),
        others,
      }
    },
  }
}

/** What is wanted, where it is there; the first pipeline otherwise. */
function existing({ pipelines }: MonitorReport, wanted: Selection): Selection {
  const pipeline = pipelines.find(({ name }) => name === wanted.pipeline)
  if (pipeline === undefined) return { pipeline: pipelines[0]?.name ?? '', node: '' }
  const node = pipeline.nodes.some(({ id }) => id === wanted.node) ? wanted.node : ''
  return { pipeline: pipeline.name, node }
}
