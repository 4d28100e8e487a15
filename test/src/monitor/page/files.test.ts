/** What a browser gets of the page: from dist, as `npm test` has compiled it. */
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { contentPolicy } from '../../../../src/monitor/http/answer.ts'
import { pageFile, pagePaths } from '../../../../src/monitor/page/files.ts'

const files = pagePaths().map((path) => ({ path, ...pageFile(path)! }))
const ours = files.filter(({ path }) => !path.includes('uplot'))

test('all of it together is under 150 kB', () => {
  expect(files.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(150_000)
})

test.each([
  '/page/',
  '/page/../files.js',
  '/page/view/../../report.js',
  '/page/%2e%2e/files.js',
  '/page/index.html',
  '/page//etc/passwd',
  '/page/browser/tsconfig.json',
  '/page/view/why.d.ts',
  '/page/constructor',
  '',
])('%j is no file of it', (path) => {
  expect(pageFile(path)).toBeUndefined()
})

test('what index.html names is there, and so is what each module imports', () => {
  const named = [
    ...pageFile('/')!
      .body.toString()
      .matchAll(/(?:src|href)="(\/[^"]*)"/g),
  ].map(([, path]) => path!)
  expect(named).toContain('/page/browser/main.js')
  const imported = ours
    .filter(({ path }) => path.endsWith('.js'))
    .flatMap(({ path, body }) =>
      [...body.toString().matchAll(/from ["'](\.[^"']*)["']/g)].map(
        ([, to]) => new URL(to!, `http://here${path}`).pathname,
      ),
    )
  expect(imported.length).toBeGreaterThan(20)
  expect([...named, ...imported].filter((path) => pageFile(path) === undefined)).toEqual([])
})

test('no text in a module goes over several lines: the indents of lines are not sent', () => {
  for (const { path, body } of ours.filter(({ path }) => path.endsWith('.js'))) {
    const visit = (node: ts.Node): void => {
      if (ts.isTemplateLiteralToken(node)) expect(node.text, path).not.toContain('\n')
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(path, body.toString(), ts.ScriptTarget.Latest))
  }
})

test('index.html has no script and no style within', () => {
  const html = pageFile('/')!.body.toString()
  expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/)
})

test('no file of ours names another origin, or makes HTML of text', () => {
  for (const { path, body } of ours) {
    const text = body.toString().replaceAll('http://www.w3.org/2000/svg', '')
    expect(text, path).not.toMatch(/https?:\/\/\w|innerHTML|insertAdjacentHTML|outerHTML|document\.write|\beval\(/)
  }
})

describe('the policy', () => {
  test('lets nothing in by default, and nothing inline', () => {
    expect(contentPolicy).toMatch(/^default-src 'none'; /)
    expect(contentPolicy).not.toMatch(/unsafe|\*|data:|https?:/)
  })
})
