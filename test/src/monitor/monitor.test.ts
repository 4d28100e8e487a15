import { Subject, from } from 'rxjs'
import { expect, test } from 'vitest'
import { fromObservable, memoryStore, observerSink, statePartition, type Sink } from 'wallarx'
import { decode, to, toSink, toStatePartition } from 'wallarx/operators'
import { silentLog } from '../../../src/base/log.ts'
import { createMonitor } from '../../../src/monitor/monitor.ts'
import type { DeadLetterReport, TraceReport } from '../../../src/monitor/report.ts'
import { startApplication } from '../../../src/run/application.ts'
import { measuredRun } from '../../support/measured.ts'

/** Time that a test moves; `pass` calls what is due, second by second. */
function createTestClock() {
  let time = 1000
  const timers = new Set<{ readonly due: number; readonly work: () => void }>()
  const after = (milliseconds: number, work: () => void) => {
    const timer = { due: time + milliseconds, work }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  return {
    now: () => time,
    elapsed: () => time,
    after,
    pass(milliseconds: number) {
      time += milliseconds
      for (const timer of [...timers]) {
        if (timer.due > time) continue
        timers.delete(timer)
        timer.work()
      }
    },
  }
}

const nowhere = () => observerSink({ next: () => undefined })
const numbers = () => statePartition('numbers', { key: (n: number) => n % 3, build: () => ({ sum: 0 }) })
const sum = (n: number, state: { sum: number }): [number, boolean] => [(state.sum += n), true]

function start(source: Subject<number>, options: { readonly sink?: Sink<number> } = {}) {
  const clock = createTestClock()
  const monitor = createMonitor({ application: 'test', clock })
  const pipeline = fromObservable(source).pipe(toStatePartition(sum, numbers()), toSink(options.sink ?? nowhere()))
  const app = startApplication(
    { name: 'test', pipelines: { pipeline }, handleSignals: false },
    { log: silentLog, store: undefined, monitor, clock, closed: monitor.end },
  )
  monitor.start()
  return { clock, monitor, app, source }
}

test('throughput is what came in each second', async () => {
  const { clock, monitor, app, source } = start(new Subject<number>())
  for (const count of [10, 30, 20]) {
    for (let n = 0; n < count; n++) source.next(n)
    clock.pass(1000)
  }
  const { throughput, nodes } = monitor.report().pipelines[0]!
  expect(throughput).toEqual({ now: 20, min: 10, median: 20, max: 30 })
  expect(nodes.map((node) => [node.id, node.kind, node.throughput.now])).toEqual([
    ['observable', 'source', 20],
    ['sum', 'step', 20],
    ['observer', 'sink', 20],
  ])
  await app.close()
})

test('the way from source to sink is measured, and the work of each step', async () => {
  const source = new Subject<number>()
  const run = start(source)
  source.next(1)
  const { latency, nodes } = run.monitor.report().pipelines[0]!
  expect(latency.count).toBe(1)
  expect(nodes.every((node) => node.latency.count === (node.kind === 'source' ? 0 : 1))).toBe(true)
  await run.app.close()
})

test('a key that is followed is told with each message and the state after it, and no longer than wanted', async () => {
  const { monitor, app, source } = start(new Subject<number>())
  const traces: TraceReport[] = []
  const stop = monitor.follow({ key: 1n, partition: 'numbers' }, (trace) => traces.push(structuredClone(trace)))
  for (let n = 0; n < 9; n++) source.next(n)
  stop()
  for (let n = 0; n < 9; n++) source.next(n)
  expect(
    traces.map(({ pipeline, step, partition, key, message, state }) => [
      pipeline,
      step,
      partition,
      key,
      message,
      state,
    ]),
  ).toEqual([
    ['pipeline', 'sum', 'numbers', '1', 1, { sum: 1 }],
    ['pipeline', 'sum', 'numbers', '1', 4, { sum: 5 }],
    ['pipeline', 'sum', 'numbers', '1', 7, { sum: 12 }],
  ])
  expect(() => monitor.follow({ key: 1n, partition: 'none' }, () => undefined)).toThrow(
    'a state partition that is in use',
  )
  expect(monitor.report().pipelines[0]!.nodes.map((node) => node.in)).toEqual([18, 18, 18])
  await app.close()
})

test.each([1, undefined])(
  'a key is found once a message, measured or followed; concurrency %s',
  async (concurrency) => {
    let calls = 0
    interface Order {
      customer: number
    }
    const customers = statePartition('customers', {
      key: ({ customer }: Order) => (calls++, customer),
      build: () => ({ orders: 0 }),
    })
    /** Changes the message. */
    const count = (order: Order, state: { orders: number }): [Order, boolean] => {
      order.customer = 99
      state.orders++
      return [order, true]
    }
    const source = new Subject<Order>()
    const monitor = createMonitor({ application: 'test', clock: createTestClock() })
    const pipeline = fromObservable(source).pipe(
      concurrency === undefined
        ? toStatePartition(count, customers)
        : toStatePartition(async (order, state) => count(order, state), customers, { concurrency }),
      toSink(observerSink({ next: () => undefined })),
    )
    const done = measuredRun(pipeline, {}, monitor)
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    for (let sent = 0; sent < 3; sent++) source.next({ customer: 7 })
    await turn()
    const traces: TraceReport[] = []
    const stop = monitor.follow({ key: 7n }, (trace) => traces.push(trace))
    for (let sent = 0; sent < 3; sent++) source.next({ customer: 7 })
    await turn()
    stop()
    source.complete()
    await done
    expect(calls).toBe(6)
    expect(traces).toHaveLength(3)
    expect(monitor.report().partitions.flatMap(({ hottest }) => hottest.map(({ key }) => key))).toEqual(['7'])
  },
)

test('holds are told while they are there, and counted after', async () => {
  const gates: (() => void)[] = []
  const holding: Sink<number> = {
    name: 'holding',
    open: ({ holds }) => ({
      write() {
        gates.push(holds.take('holding'))
      },
      close: () => Promise.resolve(),
      abort: () => undefined,
    }),
  }
  const { clock, monitor, app, source } = start(new Subject<number>(), { sink: holding })
  source.next(1)
  clock.pass(250)
  const before = monitor.report().pipelines[0]!
  expect(before.holds).toEqual([{ name: 'holding', since: 1000 }])
  expect(before.held).toEqual([{ name: 'holding', count: 1, time: 250 }])
  gates[0]!()
  clock.pass(100)
  const after = monitor.report().pipelines[0]!
  expect(after.holds).toEqual([])
  expect(after.held).toEqual([{ name: 'holding', count: 1, time: 250 }])
  await app.close()
})

test('a flood of dead letters is counted in full, and the last thousand are there, cut short', async () => {
  const monitor = createMonitor({ application: 'test', clock: createTestClock() })
  const told: DeadLetterReport[] = []
  monitor.onDeadLetter((letter) => told.push(letter))
  const long = Buffer.alloc(100_000, 'x')
  const broken = {
    name: 'broken',
    decode() {
      throw new Error('no')
    },
  }
  const report = await measuredRun(
    from(Array.from({ length: 2500 }, () => long)).pipe(decode(broken), toSink(nowhere())),
    {},
    monitor,
  )
  expect(report).toMatchObject({ deadLetters: 2500, deadLettersByCode: { DECODE_FAILED: 2500 } })
  expect(report.nodes.find(({ id }) => id === 'broken')).toMatchObject({ in: 2500, out: 0 })
  const letters = monitor.deadLetters()
  expect(letters).toHaveLength(1000)
  expect(told).toHaveLength(2500)
  expect(letters[0]).toMatchObject({ pipeline: 'pipeline', code: 'DECODE_FAILED', input: 'x'.repeat(256) })
  expect(letters[0]!.hex).toBe('78'.repeat(256))
})

test('what user code throws is an error, and a dead letter where it is skipped', async () => {
  const failing = {
    name: 'failing',
    compute(n: number) {
      if (n > 1) throw new Error('no')
      return n
    },
  }
  const report = await measuredRun(from([1, 2, 3]).pipe(to(failing), toSink(nowhere())), { onError: 'skip' })
  expect(report).toMatchObject({ errors: 2, deadLetters: 2, deadLettersByCode: { COMPUTATION_FAILED: 2 } })
  expect(report.nodes.find(({ id }) => id === 'failing')).toMatchObject({ in: 3, out: 1 })
})

test('checkpoints, and entities in memory and in the store', async () => {
  const clock = createTestClock()
  const monitor = createMonitor({ application: 'test', clock })
  const source = new Subject<number>()
  const pipeline = fromObservable(source).pipe(toStatePartition(sum, numbers()), toSink(nowhere()))
  const app = startApplication(
    { name: 'test', pipelines: { pipeline }, handleSignals: false, checkpointInterval: Infinity },
    { log: silentLog, store: await memoryStore().open(), monitor, clock, closed: monitor.end },
  )
  for (let n = 0; n < 5; n++) source.next(n)
  await app.checkpoint()
  const { checkpoints, partitions } = monitor.report()
  expect(partitions).toMatchObject([{ name: 'numbers', entities: 3, stored: 3 }])
  expect(checkpoints).toMatchObject({ count: 1, last: [{ at: 1000, duration: 0, held: 0, entities: 3 }] })
  expect(checkpoints!.last[0]!.bytes).toBeGreaterThan(0)
  await app.close()
})

test('the hottest key is the one with the most messages', async () => {
  const { clock, monitor, app, source } = start(new Subject<number>())
  for (let n = 0; n < 200; n++) {
    source.next(n % 10 === 0 ? 1 : 3)
    clock.pass(5)
  }
  const [hottest] = monitor.report().partitions[0]!.hottest
  expect(hottest!.key).toBe('0')
  await app.close()
})

test('a sink that does not count its bytes has none, and not no bytes', async () => {
  const counting: Sink<number> = {
    name: 'counting',
    open: ({ meter }) => ({
      write: () => void (meter!.bytes += 8),
      close: () => Promise.resolve(),
      abort: () => undefined,
    }),
  }
  for (const [sink, bytes] of [
    [undefined, undefined],
    [counting, 16],
  ] as const) {
    const { monitor, app, source } = start(new Subject<number>(), { ...(sink && { sink }) })
    source.next(1)
    source.next(2)
    expect(monitor.report().pipelines[0]!.nodes.at(-1)!.bytes).toBe(bytes)
    await app.kill()
  }
})
