import { chromium } from 'playwright-core'
import { startPageServer } from './server.ts'
import { reportAt, deadLetterAt, type Scene } from './reports.ts'
const only = process.argv[2]
const shots: [string, Scene, object][] = [
  ['light', 'moving', { viewport: { width: 1440, height: 900 } }],
  ['dark', 'moving', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }],
  ['phone', 'sink does not read', { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 }],
  ['stalled', 'sink does not read', { viewport: { width: 1440, height: 900 } }],
  ['cluster', 'moving', { viewport: { width: 1440, height: 900 } }],
]
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
})
for (const [name, scene, options] of shots) {
  if (only && !only.split(',').includes(name)) continue
  const server = await startPageServer({
    deadLetters: [1, 2, 3].map((n) => deadLetterAt(n)),
    states: {
      '8112957346113087206': { count: 61000, firstSeen: '2026-05-17', tags: ['a', 'b'] },
      of: { count: 2 },
      and: { count: 1 },
    },
    workers: [
      { worker: 'w-1', address: '127.0.0.1:9001' },
      { worker: 'w-2', address: '127.0.0.1:9002' },
      { worker: 'w-3', address: '127.0.0.1:9003' },
    ],
  })
  const w = name === 'cluster' ? { worker: 'w-1' } : {}
  server.send(reportAt(100, { ...w }))
  const page = await browser.newPage(options)
  page.on('console', (m) => console.log(name, m.type(), m.text()))
  page.on('pageerror', (e) => console.log(name, 'ERROR', e.stack))
  await page.clock.install()
  await page.goto(server.url)
  await page.waitForSelector('.node')
  for (let n = 101; n < 220; n++) {
    const s = n > 190 ? scene : 'moving'
    server.send(reportAt(n, { scene: s, since: s === 'moving' ? n : 190, ...w }))
    if (name === 'cluster') server.send(reportAt(n, { worker: 'w-2', since: n }))
    await page.clock.runFor(1000)
  }
  await page.fill('#key-of-words', '8112957346113087206')
  await page.press('#key-of-words', 'Enter')
  await page.clock.runFor(1000)
  server.send(reportAt(220, { scene, since: 190, ...w }))
  await page.clock.runFor(1000)
  await new Promise((r) => setTimeout(r, 400))
  await page.evaluate('scrollTo(0,0)')
  await page.screenshot({ path: `/tmp/shot-${name}.png` })
  await page.screenshot({ path: `/tmp/shot-${name}-full.png`, fullPage: true })
  if (name === 'phone')
    for (let y = 0, i = 0; y < 6400; y += 1600, i++)
      await page.screenshot({
        path: `/tmp/shot-phone-${i}.png`,
        fullPage: true,
        clip: { x: 0, y, width: 360, height: 1600 },
      })
  console.log(name, await page.evaluate('[document.documentElement.scrollWidth, innerWidth]'))
  await page.close()
  await server.stop()
}
await browser.close()
