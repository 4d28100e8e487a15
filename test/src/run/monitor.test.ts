import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { Subject } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  fromObservable,
  memoryStore,
  observerSink,
  run,
  statePartition,
  type OpenStore,
  type RunOptions,
} from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { totalOf, type Histograms } from '../../../src/monitor/page/view/percentiles.ts'
import { isFree, usedPort } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'
import { ask } from '../monitor/observed.ts'

/** An application that sums what is pushed, by key. */
function sums(more: Partial<RunOptions> = {}) {
  const input = new Subject<number>()
  const partition = statePartition('sums', { key: (n: number) => n % 10, build: () => ({ sum: 0n }) })
  const seen: number[] = []
  const pipeline = fromObservable(input).pipe(
    toStatePartition((n, state) => {
      state.sum += BigInt(n)
      return [n, true] as const
    }, partition),
    toSink(observerSink({ next: (n: number) => seen.push(n) })),
  )
  const events: string[] = []
  const log = { info: (event: string) => events.push(event), warn: () => undefined, error: () => undefined }
  const options = { name: 'Sums', pipelines: { sums: pipeline }, monitor: { listen: 0 }, log, ...more } as RunOptions
  return { input, seen, events, options }
}

const portOf = (url: string): number => Number(new URL(url).port)

describe('a run with a monitor', () => {
  test('says where it is, shows what it is at, and lets go of the port before it is closed', async () => {
    const { input, events, options } = sums()
    const app = await run(options)
    onTestFinished(() => app.close())
    const { url } = app.monitor!
    expect(events).toContain(`monitor: ${url}`)
    for (const n of [1, 2, 11, 12]) input.next(n)
    const port = portOf(url)
    expect(JSON.parse((await ask(port, '/status')).body)).toMatchObject({ application: 'Sums', lifecycle: 'running' })
    expect(JSON.parse((await ask(port, '/partitions/sums?limit=1')).body)).toMatchObject({
      entities: [{ key: '1' }],
      next: '1',
    })
    expect(JSON.parse((await ask(port, '/partitions/sums/2')).body)).toEqual({
      key: '2',
      inMemory: true,
      state: { sum: '14' },
    })
    const { sums: histograms } = JSON.parse((await ask(port, '/histograms')).body) as Histograms
    expect(Object.keys(histograms!)).toEqual(['', 'observable', 'toStatePartition', 'observer'])
    expect(totalOf(histograms!.toStatePartition!)).toBeGreaterThan(0)
    await app.close()
    expect(await isFree(port)).toBe(true)
  })

  test('is ready only while it runs: not while the store opens, not while it drains', async () => {
    const store = memoryStore()
    let openStore!: (store: OpenStore) => void
    const waiting = new Promise<OpenStore>((resolve) => (openStore = resolve))
    const port = await new Promise<number>((resolve) => {
      const { options } = sums({
        store: { name: 'slow', open: () => waiting },
        log: {
          info(event) {
            if (event.startsWith('monitor: ')) resolve(portOf(event.slice('monitor: '.length)))
          },
          warn: () => undefined,
          error: () => undefined,
        },
      })
      const running = run(options)
      onTestFinished(async () => (await running).close())
    })
    expect((await ask(port, '/healthz')).status).toBe(200)
    expect((await ask(port, '/readyz')).status).toBe(503)
    expect(JSON.parse((await ask(port, '/status')).body)).toMatchObject({
      lifecycle: 'opening',
      notReady: expect.any(String),
      pipelines: [],
    })
    openStore(await store.open())
    await expect.poll(async () => (await ask(port, '/readyz')).status).toBe(200)
  })

  test('sends the last report to who reads the events, and ends', async () => {
    const { options } = sums()
    const app = await run(options)
    const asking = request(`${app.monitor!.url}events`).end()
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    let text = ''
    response.on('data', (part: Buffer) => (text += String(part)))
    const ended = once(response, 'end')
    await eventually(() => text.includes('"lifecycle":"running"'))
    await app.close()
    await ended
    expect(text).toContain('"lifecycle":"closed"')
  })

  test('whose port is taken takes no message, and leaves the store closed', async () => {
    const store = memoryStore()
    const { input, seen, options } = sums({ store, monitor: { listen: await usedPort() } })
    await expect(run(options)).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    input.next(1)
    expect(seen).toEqual([])
    await (await store.open()).close()
  })

  test('that does not start lets go of the port', async () => {
    const port = await usedPort().then(async () => 0)
    const failing = { name: 'failing', open: () => Promise.reject(new Error('no disk')) }
    let url = ''
    const log = {
      info(event: string) {
        url ||= event.replace('monitor: ', '')
      },
      warn: () => undefined,
      error: () => undefined,
    }
    await expect(run(sums({ store: failing, log, monitor: { listen: port } }).options)).rejects.toThrow('no disk')
    expect(await isFree(portOf(url))).toBe(true)
  })

  test('fails as it would without', async () => {
    const { input, options } = sums()
    const app = await run({ ...options, pipelines: { sums: fromObservable(input).pipe(toSink(observerSink({}))) } })
    const port = portOf(app.monitor!.url)
    input.error(new Error('the source is broken'))
    await expect(app.closed).rejects.toThrow('the source is broken')
    expect(await isFree(port)).toBe(true)
  })

  test.each([
    [{ listen: '0.0.0.0:0' }, 'OPTION_INVALID'],
    [{ listen: 0, token: 'short' }, 'OPTION_INVALID'],
    [{ listn: 0 }, 'OPTION_INVALID'],
    [{ listen: 'x' }, 'ADDRESS_INVALID'],
  ])('refuses %j', async (monitor, code) => {
    await expect(run(sums({ monitor: monitor as never }).options)).rejects.toMatchObject({ code })
  })

  test('has none where it is not asked for', async () => {
    const { options } = sums()
    const { monitor: _, ...rest } = options
    const app = await run(rest)
    expect(app.monitor).toBeUndefined()
    await app.close()
  })
})
