import { from, lastValueFrom, Subject, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromAsyncIterable, lengthPrefixed, observerSink, statePartition, tcpSource, type StateResult } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { collect, runForTest } from '../../support/pipelines.ts'
import { usedPort } from '../../support/sockets.ts'

interface Stock {
  count: number
}
interface Order {
  readonly item: number
  readonly ordered: number
}
interface Delivery {
  readonly goods: { readonly item: bigint }
  readonly delivered: number
}

const count = (message: number, state: Stock): StateResult<string> => [`${message}: ${++state.count}`, true]
const stockOf = (name: string) =>
  statePartition(name, { key: (message: number) => message, build: (): Stock => ({ count: 0 }) })

describe('state partitions of a run', () => {
  test('are shared by its pipelines, each with a key function of its own', async () => {
    const partition = statePartition('stock', { build: (): Stock => ({ count: 0 }) })
    const orders = new Subject<Order>()
    const deliveries = new Subject<Delivery>()
    const sink = collect<string>()
    const { app } = await runForTest({
      pipelines: {
        orders: orders.pipe(
          toStatePartition(
            ({ item, ordered }: Order, state: Stock): StateResult<string> => [
              `${item}: ${(state.count -= ordered)}`,
              true,
            ],
            partition,
            { key: ({ item }) => item },
          ),
          toSink(sink),
        ),
        deliveries: deliveries.pipe(
          toStatePartition(
            ({ delivered }: Delivery, state: Stock): StateResult<never> => [void (state.count += delivered), true],
            partition,
            { key: ({ goods }) => goods.item },
          ),
        ),
      },
    })
    deliveries.next({ goods: { item: 1n }, delivered: 10 })
    orders.next({ item: 1, ordered: 3 })
    orders.next({ item: 2, ordered: 1 })
    deliveries.next({ goods: { item: 2n }, delivered: 5 })
    orders.next({ item: 2, ordered: 1 })
    orders.next({ item: 1, ordered: 2 })
    expect(sink.messages).toEqual(['1: 7', '2: -1', '2: 3', '1: 5'])
    expect(app.status().partitions).toEqual({ stock: { entities: 2 } })
    await app.close()
  })

  test('begin anew in each run: state is in memory', async () => {
    const counted = stockOf('counted')
    for (let time = 0; time < 2; time++) {
      const sink = collect<string>()
      const pipeline = fromAsyncIterable([5, 5]).pipe(toStatePartition(count, counted), toSink(sink))
      const { app } = await runForTest({ pipelines: { pipeline } })
      await app.closed
      expect(sink.messages).toEqual(['5: 1', '5: 2'])
    }
  })

  test('are not to be had outside while the run is open, and are again when it is closed', async () => {
    const partition = stockOf('busy')
    const messages = new Subject<number>()
    const pipeline = messages.pipe(toStatePartition(count, partition))
    const { app } = await runForTest({ pipelines: { pipeline } })
    const outside = from([1, 1]).pipe(toStatePartition(count, partition), toArray())
    await expect(lastValueFrom(outside)).rejects.toMatchObject({
      code: 'STATE_PARTITION_IN_USE',
      message: expect.stringContaining('open under test'),
    })
    await expect(runForTest({ name: 'another', pipelines: { pipeline } })).rejects.toMatchObject({
      code: 'STATE_PARTITION_IN_USE',
    })
    // The run that has it is not harmed.
    expect(app.lifecycle).toBe('running')
    await app.close()
    expect(await lastValueFrom(outside)).toEqual(['1: 1', '1: 2'])
  })

  test('two with one name stop the run before anything runs', async () => {
    const first = fromAsyncIterable([1]).pipe(toStatePartition(count, stockOf('same')), toSink(observerSink({})))
    const second = fromAsyncIterable([1]).pipe(toStatePartition(count, stockOf('same')), toSink(observerSink({})))
    await expect(runForTest({ pipelines: { first, second } })).rejects.toMatchObject({
      code: 'STATE_PARTITION_DUPLICATE',
    })
  })

  test('are free again after a run that could not open', async () => {
    const partition = stockOf('freed')
    const port = await usedPort()
    const messages = new Subject<number>()
    const pipelines = {
      first: messages.pipe(toStatePartition(count, partition)),
      second: tcpSource({ listen: `127.0.0.1:${port}`, framing: lengthPrefixed(4) }),
    }
    await expect(runForTest({ pipelines })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    expect(messages.observed).toBe(false)
    const { app } = await runForTest({ pipelines: { first: pipelines.first } })
    messages.next(1)
    expect(app.status().partitions).toEqual({ freed: { entities: 1 } })
  })
})
