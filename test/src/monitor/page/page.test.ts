/** The live page in a real Chromium, against a server of reports that are known beforehand. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as format from '../../../../src/monitor/page/view/format.ts'
import type { MonitorReport } from '../../../../src/monitor/report.ts'
import { launchChromium, noChromium } from '../../../support/chromium.ts'
import { openMonitor } from '../../../support/page/open.ts'
import { deadLetterAt, reportAt } from '../../../support/page/reports.ts'

const plain = (text: string): string => text.replaceAll('\u202f', ' ')
const name = `in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`

describe.skipIf(noChromium !== undefined)(name, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser.close())

  test('the numbers of the table are those that were served, and change with them', async () => {
    const { show, rows } = await openMonitor(browser, reportAt(100))
    for (const report of [reportAt(101), reportAt(250)]) {
      await show(report)
      const shown = await rows('#steps')
      const served = report.pipelines.flatMap((pipeline) => [
        { ...pipeline, in: pipeline.nodes[0]!.out, out: outOf(pipeline), bytes: undefined },
        ...pipeline.nodes,
      ])
      expect(shown.map(([, ...figures]) => figures.slice(0, 13))).toEqual(
        served.map(({ in: taken, out, bytes, throughput, latency }) =>
          [
            format.formatCount(taken),
            format.formatCount(out),
            bytes === undefined ? '' : format.formatBytes(bytes),
            ...[throughput.now, throughput.min, throughput.median, throughput.max].map(format.formatRate),
            ...[latency.p50, latency.p95, latency.p99, latency.p999, latency.p9999, latency.max].map(
              format.formatDuration,
            ),
          ].map(plain),
        ),
      )
    }
  })

  test('the picture has every node and edge, with what flows', async () => {
    const { show, page } = await openMonitor(browser, reportAt(100, { since: 100 }))
    await show(reportAt(101, { since: 101 }))
    const nodes = await page.locator('.node .name').allInnerTexts()
    expect(nodes).toEqual(reportAt(0).pipelines.flatMap((pipeline) => pipeline.nodes.map((node) => node.name)))
    const flows = await page.locator('.figures text').allTextContents()
    expect(flows.map(plain)).toEqual([
      ...['5.20 k/s', '5.20 k/s', '5.20 k/s', '52.3 k/s', '52.3 k/s', '52.3 k/s'],
      ...['800/s', '800/s', '560/s', '560/s', '240/s', '240/s'],
    ])
    expect(await page.locator('.node', { hasText: 'slowest' }).locator('.name').allInnerTexts()).toEqual([
      'count words',
      'look up customer',
    ])
  })

  test('a stall says who holds, for how long, and where: in words', async () => {
    const { page, show, text } = await openMonitor(browser, reportAt(99))
    expect(await text('#why .sentence')).toMatch(/^Moving: /)
    await show(reportAt(100, { scene: 'sink does not read', since: 70 }))
    const because = 'by sink tcp 127.0.0.1:7000, whose buffer is full: whoever reads there is slow.'
    expect(await text('#why .sentence')).toBe(`Pipeline word count is held for 30 s ${because}`)
    const sink = page.locator('.node', { hasText: 'holds' })
    expect(await sink.innerText()).toMatch(/tcp 127\.0\.0\.1:7000[^]*100\s%, 1\.05\sMB of 1\.05\sMB[^]*buffer full/)
    expect(await page.locator('.node', { hasText: 'held' }).locator('.name').innerText()).toBe('tcp 127.0.0.1:7001')
    expect((await text('#holds tbody tr')).split(' ').slice(0, 2)).toEqual(['tcp', '127.0.0.1:7000'])
    await page.getByRole('button', { name: /^Show it.*: tcp 127\.0\.0\.1:7000$/ }).click()
    expect(await text('#selected h2')).toBe('Sink tcp 127.0.0.1:7000')
    expect(await page.title()).toBe('Held · word count')
  })

  test('event time is there where a pipeline has some: how far it is, and which origin it waits for', async () => {
    const report = reportAt(100)
    const { page, show, rows } = await openMonitor(browser, report)
    expect(await page.locator('#event-time').isVisible()).toBe(false)
    const [first, ...others] = report.pipelines
    const watermarks = [{ name: 'time of a word', at: report.at - 83_000, heldBy: 'words/2' }, { name: 'new' }]
    await show({ ...report, at: report.at + 1000, pipelines: [{ ...first!, watermarks }, ...others] })
    expect(await rows('#event-time')).toEqual([
      ['time of a word', 'word count', plain(format.formatInstant(report.at - 83_000)), '1 min 24 s', 'words/2'],
      ['new', 'word count', 'not known yet', '', 'nobody'],
    ])
  })

  test('a screen reader is told when something changes, and not each second', async () => {
    const { page, show } = await openMonitor(browser, reportAt(99, { scene: 'sink does not read', since: 70 }))
    const said: string[] = []
    await page.exposeFunction('say', (text: string) => said.push(text))
    await page.evaluate(`
      const status = document.querySelector('#why [role=status]')
      const all = { childList: true, characterData: true, subtree: true }
      new MutationObserver(() => say(status.textContent)).observe(status, all)
    `)
    for (let n = 100; n < 105; n++) await show(reportAt(n, { scene: 'sink does not read', since: 70 }))
    for (let n = 105; n < 110; n++) await show(reportAt(n))
    expect(said).toEqual(['Moving. Moving.'])
  })

  test('it moves on when nothing comes: how long it is idle, and that no report came', async () => {
    const { page, show, text } = await openMonitor(browser, reportAt(100, { scene: 'idle', since: 90 }))
    await show(reportAt(107, { scene: 'idle', since: 90 }))
    expect(await text('#why .sentence')).toMatch(/^Idle for 7 s: /)
    await page.clock.runFor(2000)
    expect(await text('#why .sentence')).toMatch(/^Idle for [89] s: /) // it looks each second
    await page.clock.runFor(3000)
    expect(await text('#why .sentence')).toMatch(/^No report for [45] s\. The process is there and tells nothing: /)
    expect(await text('.pulse')).toMatch(/^last report [45] s ago$/)
    await show(reportAt(113))
    expect(await text('#why .sentence')).toMatch(/^Moving: /)
  })

  test('it survives a restart, says so, and forgets the run before', async () => {
    const { page, server, show, text } = await openMonitor(browser, reportAt(100), {
      canned: { deadLetters: [deadLetterAt(1)] },
      expectErrors: /Failed to load resource/,
    })
    await page.locator('#dead-letters tbody tr').waitFor()
    await server.stop()
    await page.locator('.pulse', { hasText: 'connection lost' }).waitFor()
    await page.clock.runFor(4000)
    expect(await text('#why .sentence')).toMatch(/^No report for \d s\. The process has ended, or cannot be reached\./)
    server.canned.deadLetters = []
    server.send(reportAt(2, { instance: 'second', startedAt: reportAt(140).at }))
    await server.start()
    // It tries again and again: by its clock it waits, and then for the network.
    while (!(await page.locator('.pulse', { hasText: 'live' }).isVisible())) await page.clock.runFor(500)
    await show(reportAt(3, { instance: 'second', startedAt: reportAt(140).at }))
    expect(await text('#why .note')).toMatch(/^Started again at 09:02:20: /)
    expect(await page.locator('#dead-letters tbody tr').count()).toBe(0)
    expect(await text('#steps tbody tr td')).toBe('3,900')
  })

  test('a token is taken out of the address, kept for this tab, and sent', async () => {
    const { page, text } = await openMonitor(browser, reportAt(100), {
      canned: { token: 'open sesame' },
      hash: '#token=open%20sesame',
    })
    expect(await text('h1')).toBe('word count')
    expect(new URL(page.url()).hash).toBe('')
    await page.reload()
    expect(await text('h1')).toBe('word count')
  })

  test('without the token it asks for it', async () => {
    const { page, text } = await openMonitor(browser, reportAt(100), {
      canned: { token: 'open sesame' },
      expectErrors: /401/,
    })
    await page.getByLabel('Token').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByLabel('Token').fill('open sesame')
    await page.keyboard.press('Enter')
    await page.locator('.node').first().waitFor()
    expect(await text('h1')).toBe('word count')
    expect(await page.locator('.token').isVisible()).toBe(false)
  })

  test('it goes by keyboard: a step is selected, a hot key looked into, and the focus stays where it is', async () => {
    const { page, show, text } = await openMonitor(browser, reportAt(100), {
      canned: { states: { '8112957346113087206': { count: 7 } } },
      expectErrors: /404/,
    })
    await page.locator('.node', { hasText: 'count words' }).focus()
    await page.keyboard.press('Enter')
    expect(await text('#selected h2')).toBe('Step count words')
    await show(reportAt(101))
    expect(await page.evaluate('document.activeElement.innerText')).toMatch(/^count words/)
    expect(await page.locator('.node[aria-pressed=true] .name').allInnerTexts()).toEqual(['count words'])
    await page.getByRole('button', { name: '8112957346113087206' }).focus()
    await page.keyboard.press('Space')
    await page.locator('pre', { hasText: '"count": 7' }).waitFor()
    await page.getByLabel('Look into the entity of key').first().fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('ENTITY_UNKNOWN: no entity of words has the key nobody').waitFor()
    await page.keyboard.press('Home')
    const reached = new Set<string>()
    for (let at = 0; at < 80; at++) {
      await page.keyboard.press('Tab')
      reached.add(await page.evaluate<string>('document.activeElement.closest("section, header")?.id ?? ""'))
    }
    expect([...reached]).toEqual(
      expect.arrayContaining(['topology', 'selected', 'holds', 'steps', 'partitions', 'checkpoints']),
    )
  })

  test('entities are browsed a page at a time', async () => {
    const states = { alpha: 1, beta: 2, gamma: 3 }
    const { page, server } = await openMonitor(browser, reportAt(100), { canned: { states } })
    await page.getByText('Browse all entities').first().click()
    await page.getByRole('button', { name: 'By size' }).first().click()
    await page.locator('.keys li').nth(1).waitFor()
    expect(await page.locator('.keys li').allInnerTexts()).toEqual(['alpha 50\u202fB', 'beta 40\u202fB'])
    await page.getByRole('button', { name: 'Next page' }).first().click()
    await page.locator('.keys li', { hasText: 'gamma' }).waitFor()
    expect(server.asked.filter((path) => path.startsWith('/partitions/'))).toEqual([
      '/partitions/words?by=size&limit=50',
      '/partitions/words?by=size&limit=50&after=beta',
    ])
  })

  test('dead letters come as they happen, the newest first, with reason, place and bytes', async () => {
    const { page, server, show, text } = await openMonitor(browser, reportAt(100), {
      canned: { deadLetters: [deadLetterAt(1)] },
    })
    await page.locator('#dead-letters tbody tr').waitFor()
    server.sendDeadLetter(deadLetterAt(2, '<b>bold</b>'))
    await show(reportAt(101))
    expect(await page.locator('#dead-letters tbody tr').count()).toBe(2)
    expect(await text('#dead-letters tbody tr')).toMatch(
      /^09:00:02 DECODE_FAILED expected UTF-8, got the byte e9 at 3 decode word count <b>bold<\/b> Bytes$/,
    )
    expect(await text('#dead-letters .counts')).toBe('103 DECODE_FAILED 1 COMPUTATION_FAILED')
    await page.locator('#dead-letters summary').first().click()
    expect(await text('#dead-letters details')).toContain('63 61 66 e9 20')
  })

  test('what a user named is text, whatever it looks like', async () => {
    const prefix = '<img src=x onerror="document.title=1"> "\n&amp; '
    const { page, show, text } = await openMonitor(browser, reportAt(100, { prefix }), {
      canned: { states: { [`${prefix}8112957346113087206`]: { '<script>': '</pre><b>' } } },
    })
    await show(reportAt(101, { prefix }))
    expect(await page.locator('img, main script, b').count()).toBe(0)
    expect(await text('h1')).toBe('<img src=x onerror="document.title=1"> " &amp; word count')
    await page.locator('#partitions button.link').first().click()
    await page.locator('pre', { hasText: '"<script>": "</pre><b>"' }).waitFor()
  })

  test('workers are chosen from; those that it does not hear from are links without its token', async () => {
    const workers = [
      { worker: 'w-1', address: 'http://127.0.0.1:9001/', report: reportAt(100, { worker: 'w-1' }) },
      { worker: 'w-2', address: 'http://127.0.0.1:9002/', report: reportAt(100, { worker: 'w-2' }) },
      { worker: 'w-3', address: 'http://10.0.0.3:9001', failure: 'it takes too long' },
      { worker: 'w-4', address: 'javascript:alert(1)' },
    ]
    const { page, show, rows, text } = await openMonitor(browser, reportAt(100, { worker: 'w-1' }), {
      canned: { workers },
    })
    await show(reportAt(101, { worker: 'w-1' }))
    await page.getByRole('link', { name: 'w-3' }).waitFor()
    await page.getByRole('button', { name: 'w-2' }).click()
    expect(await text('h1')).toBe('word count · w-2')
    expect(await page.getByRole('link', { name: 'w-3' }).getAttribute('href')).toBe('http://10.0.0.3:9001/')
    expect(await page.getByRole('link', { name: 'w-3' }).getAttribute('title')).toBe('it takes too long')
    expect(await page.getByRole('link', { name: 'w-4' }).getAttribute('href')).toMatch(/^(#|http:)/)
    expect((await rows('#cluster .scroll:last-of-type')).map((row) => row.join(' '))).toEqual([
      'words w-1 5 0–3, 7 none',
      'words w-2 2 4–5 6 (62 % read)',
    ])
  })

  test('dead letters are of all workers, with their names; entities of the one that is shown', async () => {
    const workers = ['w-1', 'w-2'].map((worker) => ({ worker, address: '', report: reportAt(100, { worker }) }))
    const deadLettersOf = { 'w-2': [deadLetterAt(1, 'older'), deadLetterAt(3, 'newer')] }
    const canned = { workers, deadLetters: [deadLetterAt(2)], deadLettersOf, states: { '7': {} } }
    const { page, server, show, rows, text } = await openMonitor(browser, reportAt(100, { worker: 'w-1' }), { canned })
    await page.locator('#dead-letters tbody tr').nth(2).waitFor()
    const places = async () => (await rows('#dead-letters')).map(([at, , where]) => [at, where])
    expect(await places()).toEqual([
      ['09:00:03', 'decode word count, worker w-2'],
      ['09:00:02', 'decode word count, worker w-1'],
      ['09:00:01', 'decode word count, worker w-2'],
    ])
    expect(await text('#dead-letters .counts')).toBe('204 DECODE_FAILED 2 COMPUTATION_FAILED')
    await page.locator('#dead-letters summary').first().click()
    deadLettersOf['w-2'].push(deadLetterAt(4))
    workers[1]!.report = reportAt(104, { worker: 'w-2' })
    await page.clock.runFor(3000)
    await show(reportAt(104, { worker: 'w-1' }))
    await page.locator('#dead-letters tbody tr').nth(3).waitFor()
    expect((await places())[0]).toEqual(['09:00:04', 'decode word count, worker w-2'])
    expect(await page.locator('#dead-letters details[open]').count()).toBe(1) // what is opened stays so
    await page.getByRole('button', { name: 'w-2' }).click()
    await page.locator('#partitions details summary').first().click()
    await page.getByRole('button', { name: 'By key' }).first().click()
    await page.locator('#partitions .answer', { hasText: '1 entities on w-2 by key:' }).waitFor()
    expect(server.asked).toContain('/partitions/words?by=key&limit=50&worker=w-2')
  })

  test('charts say in words what they show', async () => {
    const { page, show } = await openMonitor(browser, reportAt(100))
    for (let n = 101; n < 112; n++) {
      await page.clock.runFor(1000)
      await show(reportAt(n))
    }
    const labels = await page.evaluate<string[]>(
      "[...document.querySelectorAll('[role=img]')].map((one) => one.ariaLabel)",
    )
    const { throughput, latency } = reportAt(111).pipelines[0]!
    expect(labels[0]).toMatch(new RegExp(`^Throughput: ${format.formatRate(throughput.now)} a second now; `))
    expect(labels[1]).toContain(`half within ${format.formatDuration(latency.p50)}, `)
    expect(labels[2]).toMatch(/^Latency histogram: [\d,]+ measured/)
    expect(labels[3]).toMatch(/^Time line: The last 40: /)
    expect(await page.locator('.plot canvas').count()).toBe(4)
  })
})

function outOf({ nodes }: MonitorReport['pipelines'][number]): number {
  return nodes.filter(({ kind }) => kind === 'sink').reduce((sum, node) => sum + node.in, 0)
}
