import type { MonitorReport } from '../../../report.ts'
import { formatCount, formatPercent, formatElapsed, formatRanges, formatRate } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'
import { createFacts } from './header.ts'

interface Shards {
  readonly partition: string
  readonly worker: string
  readonly owned: readonly number[]
  readonly restoring: readonly { readonly shard: number; readonly read: number }[]
}

const [shardColumns, workerColumns] = [
  ['State partition', 'Worker', 'Owns', 'Shards', 'Restoring'],
  ['Worker', 'Now /s', 'Lifecycle', 'Transactions', 'Packs', 'Rejoined', 'Lag'],
]

/** Who has which shards, how far behind each worker is, and what it has committed. */
export function createCluster() {
  const facts = createFacts()
  const { element: shardTable, body: shardBody } = createTable('Shards by worker', shardColumns)
  const { element: workerTable, body: workerBody } = createTable('Workers', workerColumns)
  const element = createPart('cluster', 'Cluster', facts.element, workerTable, shardTable)
  const updateShards = createList<Shards>(
    shardBody,
    ({ partition, worker }) => JSON.stringify([partition, worker]),
    (shards) => {
      const { row, cells } = createRow(shardColumns.length, shards.partition)
      setText(cells[1]!, shards.worker)
      return {
        element: row,
        update({ owned, restoring }) {
          setText(cells[2]!, formatCount(owned.length))
          setText(cells[3]!, owned.length === 0 ? 'none' : formatRanges(owned))
          setText(
            cells[4]!,
            restoring.map(({ shard, read }) => `${shard} (${formatPercent(read)} read)`).join(', ') || 'none',
          )
        },
      }
    },
  )
  const updateWorkers = createList<MonitorReport>(workerBody, nameOf, (report) => {
    const { row, cells } = createRow(workerColumns.length, nameOf(report))
    return {
      element: row,
      update({ lifecycle, notReady, pipelines, cluster }) {
        const rate = pipelines.reduce((sum, { throughput }) => sum + throughput.now, 0)
        const state = notReady === undefined ? lifecycle : `${lifecycle}, not ready: ${notReady}`
        const counts = [cluster!.transactions, cluster!.packs, cluster!.rejoined, lagOf(cluster!.lag)].map(formatCount)
        for (const [at, text] of [formatRate(rate), state, ...counts].entries()) setText(cells[at + 1]!, text)
      },
    }
  })
  return {
    element,
    update({ report, workers, now }: View): void {
      show(element, report.cluster !== undefined)
      if (report.cluster === undefined) return
      const { lag, lastCommit } = report.cluster
      facts.update({
        ...(lastCommit === undefined ? {} : { 'Last commit': `${formatElapsed(now - lastCommit)} ago` }),
        ...Object.fromEntries(Object.entries(lag).map(([topic, records]) => [`Lag of ${topic}`, formatCount(records)])),
      })
      const inCluster = workers.filter(({ cluster }) => cluster !== undefined)
      updateWorkers(inCluster)
      updateShards(shardsOf(inCluster))
    },
  }
}

const nameOf = ({ worker }: MonitorReport): string => worker ?? 'this one'

const lagOf = (lag: Readonly<Record<string, number>>): number => Object.values(lag).reduce((sum, one) => sum + one, 0)

function shardsOf(workers: readonly MonitorReport[]): Shards[] {
  const all = workers.flatMap((report) =>
    Object.entries(report.cluster!.shards).map(([partition, shards]) => ({
      partition,
      worker: nameOf(report),
      ...shards,
    })),
  )
  return all.sort(
    (one, other) => one.partition.localeCompare(other.partition) || one.worker.localeCompare(other.worker),
  )
}
