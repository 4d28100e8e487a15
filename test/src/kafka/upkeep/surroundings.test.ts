import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { statePartition, utf8, type Running } from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { systemClock } from '../../../../src/base/clock.ts'
import { shardOf } from '../../../../src/cluster/shard.ts'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { announcementOf, announcementRecord } from '../../../../src/kafka/workersTopic.ts'
import { checkMonitor } from '../../../../src/monitor/http/options.ts'
import { createMonitor } from '../../../../src/monitor/monitor.ts'
import type { MonitorReport } from '../../../../src/monitor/report.ts'
import { shownRun } from '../../../../src/run/monitor/shownRun.ts'
import { freePort } from '../../../support/sockets.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const token = 'correct-horse-battery'
const shards = 8

/** `slow`: what is waited for at each message. */
const summing = (slow: Promise<void>) =>
  kafkaSource({ topic: 'in' }).pipe(
    decode(utf8),
    to((text: string) => slow.then(() => text), { concurrency: 2 }),
    toStatePartition(
      (text: string, state: { sum: bigint }): [string, boolean] => [String((state.sum += BigInt(text))), true],
      statePartition('sums', { key: (text: string) => BigInt(text) % 100n, build: () => ({ sum: 0n }) }),
    ),
    encode(String),
    toSink(kafkaSink({ topic: 'out' })),
  )

interface Shown {
  readonly worker: string
  readonly url: string
  readonly app: Running
  /** As JSON. */
  ask<Answer>(path: string): Promise<Answer>
}

function world(): SimulatedKafka {
  const kafka = simulatedKafka()
  for (const name of ['in', 'out']) kafka.broker.topics.create({ name, partitions: 2, settings: {} })
  return kafka
}

async function show(kafka: SimulatedKafka, worker: string, slow = Promise.resolve()): Promise<Shown> {
  const monitor = createMonitor({ application: 'app', clock: systemClock })
  const app = await shownRun(checkMonitor({ listen: 0, token }), monitor, { info: () => undefined }, () =>
    kafka.runOnCluster({ pipelines: { sums: summing(slow) } }, { worker, shards }, monitor),
  )
  onTestFinished(() => app.close())
  const { url } = app.monitor!
  const ask = async <Answer>(path: string): Promise<Answer> =>
    (await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } })).json() as Promise<Answer>
  return { worker, url, app, ask }
}

/** Asks until the answer is so. */
async function until<Answer>(
  kafka: SimulatedKafka,
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (tries === 300) throw new Error(`never came: ${JSON.stringify(answer)}\n${kafka.log.join('\n')}`)
    await kafka.elapse(100)
  }
}

const sees = (count: number) => (workers: readonly unknown[]) => workers.length === count

const ownedBy = ({ cluster }: MonitorReport): readonly number[] => cluster?.shards.sums?.owned ?? []

interface All {
  readonly workers: readonly { readonly worker: string; readonly report: MonitorReport; readonly failure?: string }[]
}

test('each of two workers shows both, and answers for every entity, whoever owns it', async () => {
  const kafka = world()
  const [anna, ben] = [await show(kafka, 'anna'), await show(kafka, 'ben')]
  const keys = Array.from({ length: 40 }, (_, key) => key)
  kafka.write('in', 0, keys.map(String))
  await kafka.until('all sums', () => kafka.values('out').length === keys.length)
  const places = [anna, ben].map(({ worker, url }) => ({ worker, address: url }))
  for (const { ask } of [anna, ben]) {
    await until(kafka, () => ask<unknown[]>('/workers'), sees(2))
    expect(await ask('/workers')).toEqual(places)
    const { workers } = await ask<All>('/status?all')
    expect(workers.map(({ worker, report }) => [worker, report.worker])).toEqual([
      ['anna', 'anna'],
      ['ben', 'ben'],
    ])
    const owned = workers.flatMap(({ report }) => report.cluster!.shards.sums!.owned)
    expect(owned.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const states = await Promise.all(keys.map((key) => ask(`/partitions/sums/${key}`)))
    expect(states).toMatchObject(keys.map((key) => ({ key: String(key), state: { sum: String(key) } })))
  }
})

test('who ends takes back what it has announced; another one that listens there is not taken for it', async () => {
  const kafka = world()
  const [anna, ben] = [await show(kafka, 'anna'), await show(kafka, 'ben')]
  await until(kafka, () => anna.ask<unknown[]>('/workers'), sees(2))
  await ben.app.close()
  await until(kafka, () => anna.ask<unknown[]>('/workers'), sees(1))
  // One that was killed takes back nothing.
  const writing = kafka.broker.topics.log({ topic: 'app.workers', partition: 0 })
  const ofEla = { address: anna.url, machine: hostname(), shards: { sums: [9] } }
  const ofFar = { address: anna.url, machine: `not ${hostname()}`, shards: {} }
  for (const record of [announcementRecord('', 'ela', ofEla), announcementRecord('', 'far', ofFar)]) {
    const value = Buffer.from(record.value!)
    writing.append({ ...record, headers: [], timestamp: kafka.broker.now(), mark: undefined, value })
  }
  await until(kafka, () => anna.ask<unknown[]>('/workers'), sees(2))
  const { workers } = await anna.ask<All>('/status?all')
  expect(workers[1]).toMatchObject({ worker: 'ela', failure: expect.stringContaining('another worker answers there') })
  await kafka.elapse(120_000)
  expect(await anna.ask('/workers')).toEqual([{ worker: 'anna', address: anna.url }])
})

test('the owner is named where it cannot be asked', async () => {
  const kafka = world()
  const gone = await show(kafka, 'gone')
  kafka.write('in', 0, ['7'])
  await kafka.until('the sum', () => kafka.values('out').length === 1)
  const anna = await show(kafka, 'anna')
  const { workers } = await until(
    kafka,
    () => anna.ask<All>('/status?all'),
    ({ workers }) => workers.length === 2 && workers.every(({ report }) => ownedBy(report).length === shards / 2),
  )
  const own = ownedBy(workers[1]!.report)
  const key = Array.from({ length: 100 }, (_, at) => at).find((at) => own.includes(shardOf(at, 0, shards)))!
  const writing = kafka.broker.topics.log({ topic: 'app.workers', partition: 0 })
  const moved = { address: `http://127.0.0.1:${await freePort()}/`, shards: { sums: own } }
  const record = announcementRecord('', gone.worker, moved)
  writing.append({ ...record, headers: [], timestamp: kafka.broker.now(), mark: undefined })
  const answer = await until(
    kafka,
    () => anna.ask<{ code?: string; message?: string }>(`/partitions/sums/${key}`),
    ({ code }) => code === 'OWNER_UNREACHABLE',
  )
  expect(answer.message).toContain(`the worker gone owns it, at ${moved.address}, which does not answer`)
})

test('lag is what is committed and not yet read: all while it is held, and nothing behind the last mark', async () => {
  const kafka = world()
  let go!: () => void
  const anna = await show(kafka, 'anna', new Promise((resolve) => (go = resolve)))
  kafka.write(
    'in',
    0,
    Array.from({ length: 500 }, (_, at) => String(at)),
  )
  kafka.write(
    'in',
    1,
    Array.from({ length: 700 }, (_, at) => String(at)),
  )
  const lagOf = async (): Promise<Record<string, number>> => (await anna.ask<MonitorReport>('/status')).cluster!.lag
  const held = await until(kafka, lagOf, (lag) => lag.in! > 0)
  expect(held.in).toBeGreaterThan(1100)
  expect(held.in).toBeLessThanOrEqual(1200)
  go()
  await kafka.until('the sums', () => kafka.values('out').length === 1200)
  const none = await until(kafka, lagOf, (lag) => lag.in === 0 && lag['app.sums.exchange'] === 0)
  expect(none).toEqual({ in: 0, 'app.sums.exchange': 0 })
  const metrics = await fetch(new URL('/metrics', anna.url), { headers: { authorization: `Bearer ${token}` } })
  expect(await metrics.text()).toContain('wallarx_lag_records{topic="in",application="app",worker="anna"} 0')
})

test('what no worker of this version has said is passed over', () => {
  const record = announcementRecord('t', 'ä', { address: 'http://h:1/', shards: { sums: [1] } })
  expect(announcementOf(record as never)).toEqual(['ä', { address: 'http://h:1/', shards: { sums: [1] } }])
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"address":"ftp://h/","shards":{}}',
    '{"address":"http://h/a","shards":{}}',
  ]) {
    expect(announcementOf({ key: record.key, value: Buffer.from(text) })).toEqual(['ä', undefined])
  }
  expect(announcementOf({ key: record.key, value: null })).toEqual(['ä', undefined])
  expect(announcementOf({ key: Buffer.from('Wä'), value: Buffer.from('app-ä') })).toBeUndefined()
})
