import type { DeadLetterReport, MonitorReport } from '../../../report.ts'
import type { Histograms } from '../../view/percentiles.ts'
import { why, type Verdict } from '../../view/why.ts'
import { elapsed } from '../clock.ts'
import type { ConnectionState } from './connection.ts'
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
  /** The newest first. */
  readonly deadLetters: readonly DeadLetterReport[]
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

const mostDeadLetters = 1000

/** What the page knows. */
export function createModel() {
  const workers = new Map<string, Worker>()
  let own: string | undefined // whose page this is: the first that is heard of
  let chosen: string | undefined
  let selection: Selection | undefined // until something is chosen, what does not move is selected
  let connection: ConnectionState = { kind: 'connecting' }
  let deadLetters: DeadLetterReport[] = []
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
      if (restarted && name === own) deadLetters = []
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
    },
    /** Of the run whose page this is. */
    addHistograms(histograms: Histograms): void {
      const worker = workers.get(own ?? '')
      worker?.history.addHistograms(histograms, worker.report.at + elapsed() - worker.heardAt)
    },
    /** All that the run keeps, the newest last. What has come since it was asked stays. */
    setDeadLetters(letters: readonly DeadLetterReport[]): void {
      const newest = letters.at(-1)?.at ?? -Infinity
      const since = deadLetters.filter(({ at }) => at > newest)
      deadLetters = [...since, ...letters.toReversed()].slice(0, mostDeadLetters)
    },
    addDeadLetter(letter: DeadLetterReport): void {
      deadLetters = [letter, ...deadLetters.slice(0, mostDeadLetters - 1)]
    },
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
        deadLetters,
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
