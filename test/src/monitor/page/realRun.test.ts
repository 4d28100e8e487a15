/** The live page of a real run, in a real Chromium: it shows what the generator of the load knows. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Browser } from 'playwright-core'
import { Subject, type Observable } from 'rxjs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fromAsyncIterable, fromObservable, observerSink, run, statePartition, tcpSink } from 'wallarx'
import { encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { launchChromium, noChromium } from '../../../support/chromium.ts'
import { visit, type VisitedPage } from '../../../support/page/open.ts'

const title = `in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`
const nowhere = () => observerSink({ next: () => undefined })
const totals = () => statePartition('totals', { key: (n: number) => n, build: () => ({ count: 0 }) })
const count = (n: number, state: { count: number }): [number, boolean] => [((state.count += 1), n), true]

/** 0, 1, 2 … for as long as the pipeline reads on. */
async function* numbers(): AsyncGenerator<number> {
  for (let n = 0; ; n++) {
    yield n
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe.skipIf(noChromium !== undefined)(title, { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser.close())

  /** Opens the page of a run of this pipeline, which ends with the test; `letGo` lets it end. */
  async function pageOf(pipeline: Observable<unknown>, letGo = (): void => undefined): Promise<VisitedPage> {
    const app = await run({
      name: 'Sales',
      pipelines: { counted: pipeline },
      monitor: { listen: 0 },
      onError: 'skip',
      deadLetters: () => undefined,
      log: false,
      handleSignals: false,
    })
    onTestFinished(async () => {
      letGo()
      await app.close()
    })
    return visit(browser, app.monitor!.url)
  }

  /** The sentence on top, once it says that something holds. */
  async function sentenceOf({ page, text }: VisitedPage): Promise<string> {
    await page.locator('#why .sentence', { hasText: /^Held for/ }).waitFor()
    return text('#why .sentence')
  }

  test('messages, dead letters, entities and the hottest key are those that were sent', async () => {
    const source = new Subject<number>()
    const positive = {
      name: 'positive',
      compute(n: number) {
        if (n < 0) throw new RangeError('less than nothing')
        return n
      },
    }
    const { page, rows, text } = await pageOf(
      fromObservable(source).pipe(to(positive), toStatePartition(count, totals()), toSink(nowhere())),
    )
    await page.locator('#steps tbody tr').first().waitFor()
    for (let n = 0; n < 12_345; n++) source.next(n % 4 === 0 ? n : 7)
    for (let n = 0; n < 17; n++) source.next(-1)
    await page.locator('#steps tbody td', { hasText: '12,362' }).first().waitFor()
    const counts = (await rows('#steps')).map(([name, into, out]) => [name!.split(/[ ▼]/)[0], into, out])
    expect(counts).toEqual([
      ['counted', '12,362', '12,345'],
      ['observable', '12,362', '12,362'],
      ['positive', '12,362', '12,345'],
      ['count', '12,345', '12,345'],
      ['observer', '12,345', '0'],
    ])
    expect(await text('#dead-letters .counts')).toBe('17 COMPUTATION_FAILED')
    expect(await page.locator('#dead-letters tbody tr').count()).toBe(17)
    expect(await text('#partitions .facts')).toBe('Entities in memory 3,088') // 7, and 0, 4, 8 … 12,344
    expect((await rows('#partitions'))[0]![0]).toBe('7')
    expect(await text('#why .sentence')).not.toMatch(/^(Held|Pipeline|Waiting)/)
    await page.getByRole('button', { name: '7', exact: true }).click()
    await page.locator('pre', { hasText: '"count": 9258' }).waitFor() // three of four
    await page.locator('[aria-label^="Latency histogram: "]').waitFor()
  })

  test('a sink whose reader does not read is named', async () => {
    const sockets: Socket[] = []
    const reader = createServer((socket) => void sockets.push(socket.pause().on('error', () => undefined)))
    await once(reader.listen(0, '127.0.0.1'), 'listening')
    const { port } = reader.address() as AddressInfo
    const visited = await pageOf(
      fromAsyncIterable(numbers()).pipe(
        encode(() => Buffer.alloc(10_000)),
        toSink(tcpSink({ connect: `127.0.0.1:${port}` })),
      ),
      () => {
        for (const socket of sockets) socket.resume()
        reader.close()
      },
    )
    expect(await sentenceOf(visited)).toMatch(
      new RegExp(
        `^Held for \\d s by sink tcp 127\\.0\\.0\\.1:${port}, whose buffer is full: whoever reads there is slow\\.$`,
      ),
    )
    const { page } = visited
    expect(await page.locator('.node', { hasText: 'holds' }).locator('.name').allInnerTexts()).toEqual([
      `tcp 127.0.0.1:${port}`,
    ])
  })

  test('a computation that waits is named', async () => {
    const waiting = createWaiting()
    const lookUp = { name: 'look up', compute: (n: number) => waiting.wait().then(() => n) }
    const page = await pageOf(
      fromAsyncIterable(numbers()).pipe(to(lookUp, { concurrency: 4 }), toSink(nowhere())),
      waiting.letGo,
    )
    expect(await sentenceOf(page)).toMatch(
      /^Held for \d s by step look up: 4 messages are inside it, as many as may be; what it waits for is slow\.$/,
    )
  })

  test('a step that waits for its hot key is named, and the key', async () => {
    const waiting = createWaiting()
    let ofKey = 0
    const slow = {
      name: 'slow',
      async compute(n: number, state: { count: number }): Promise<[number, boolean]> {
        if (n === 42 && ++ofKey > 2000) await waiting.wait()
        return count(n, state)
      },
    }
    async function* mostlyOne() {
      for await (const n of numbers()) yield n % 50 === 0 ? n % 150 : 42
    }
    const page = await pageOf(
      fromAsyncIterable(mostlyOne()).pipe(toStatePartition(slow, totals(), { concurrency: 4 }), toSink(nowhere())),
      waiting.letGo,
    )
    expect(await sentenceOf(page)).toMatch(
      /^Held for \d s by step slow: .* Key 42 has \d\d % of what its hottest keys get, and a key's messages wait /,
    )
  })
})

/** Computations that wait, and do not any more once they are let go. */
function createWaiting() {
  let letGo = (): void => undefined
  const gone = new Promise<void>((resolve) => (letGo = resolve))
  return { wait: () => gone, letGo: () => letGo() }
}
