/**
 * The browser's native Observable (Chromium has it, Node not) in and out of a pipeline, in a real page: page.js is the
 * guide, this file serves it, opens it in a headless Chromium, clicks, and looks at what the page shows. `--serve`
 * leaves it to you and your browser.
 *
 * Back pressure: none at either end. Events cannot be told to wait, and a native observer cannot hold what comes before
 * it.
 * Durability: none in a page; state lives as long as the subscription.
 *
 * What else a page needs: nothing. A bundler takes what `package.json` has for a browser; without one, the import map
 * below does.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { chromium } from 'playwright-core'

// A bundler does this for a user: from names to files, those for a browser.
const importMap = {
  rxjs: '/node_modules/rxjs/dist/esm/index.js',
  tslib: '/node_modules/tslib/tslib.es6.mjs', // which rxjs imports
  wallarx: '/dist/src/browser.js',
  'wallarx/native': '/dist/src/native/index.js',
  'wallarx/operators': '/dist/operators/index.js',
  '#platform': '/dist/src/base/platform/browser.js',
}
const page = `<!doctype html>
<title>Native Observable</title>
<button data-product="1">Apples</button> <button data-product="2">Pears</button>
<button id="stop" data-product="3">Stop</button>
<ul></ul>
<script type="importmap">${JSON.stringify({ imports: importMap })}</script>
<script type="module" src="/examples/12-native-observable/page.js"></script>`

const root = new URL('../../', import.meta.url)
const server = createServer(({ url = '/' }, response) => {
  // rxjs's own modules name each other without `.js`.
  const file = new URL(`.${extname(url) === '' ? `${url}.js` : url}`, root)
  if (url === '/') response.setHeader('content-type', 'text/html').end(page)
  else if (!file.href.startsWith(root.href) || !existsSync(file)) response.writeHead(404).end()
  else response.setHeader('content-type', 'text/javascript').end(readFileSync(file))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (process.argv.includes('--serve')) {
  console.log(`open ${address} in a recent Chromium; Ctrl-C ends this`)
} else if (!existsSync(executablePath)) {
  console.log(`skipped: there is no ${executablePath} (set CHROMIUM, or look by yourself with --serve)`)
  server.close()
} else {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  const browser = await chromium.launch({
    executablePath,
    args: [...flags, '--disable-component-update', '--disable-sync'],
  })
  const tab = await browser.newPage()
  const errors: string[] = []
  tab.on('pageerror', ({ message }) => errors.push(message))
  await tab.goto(address, { waitUntil: 'networkidle' })
  for (const name of ['Apples', 'Pears', 'Apples', 'Apples', 'Stop', 'Pears', 'Pears']) await tab.click(`text=${name}`)
  const shown = await tab.locator('li').allTextContents()
  console.log(`Chromium ${browser.version()} shows: ${shown.join('; ')}`)
  assert.deepEqual([shown, errors], [['Apples 1, Pears 1', 'Apples 2, Apples 3'], []])
  await browser.close()
  server.closeAllConnections()
  server.close()
}
