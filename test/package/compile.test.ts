/** compile.js, in a package of its own: it calls the compiler where something has changed, and nowhere else. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { startNode } from '../support/processes.ts'

interface Package {
  path(name: string): string
  read(name: string): string
  write(name: string, text: string): void
  compile(): Promise<{ readonly code: unknown; readonly output: string }>
}

/** A package of two sources, with everything but a compiler. */
function smallPackage(): Package {
  const root = temporaryFolder()
  const path = (name: string): string => join(root, name)
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
  }
  for (const file of ['compile.js', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) cpSync(file, path(file))
  write('operators/one.ts', 'export const one = 1\n')
  write('src/cli/wallarx.ts', 'export const two: number = 2\n')
  write('node_modules/.package-lock.json', '{}')
  return {
    path,
    read: (name) => readFileSync(path(name), 'utf8'),
    write,
    async compile() {
      const program = startNode(path('compile.js'))
      const code = await program.ended
      return { code, output: program.stdout() + program.stderr() }
    },
  }
}

const compiler = 'node_modules/typescript/bin/tsc'
const done = { code: 0, output: '' }

test('what is compiled is what the sources say, whatever their dates and sizes and whatever is missing', async () => {
  const { path, read, write, compile } = smallPackage()
  for (const name of ['typescript', '@types']) symlinkSync(resolve('node_modules', name), path(`node_modules/${name}`))
  expect(await compile()).toEqual(done)
  expect(read('dist/operators/one.js')).toContain('export const one = 1')
  expect(statSync(path('dist/src/cli/wallarx.js')).mode & 0o111).toBe(0o111)

  const { atime, mtime } = statSync(path('operators/one.ts'))
  write('operators/one.ts', 'export const one = 7\n')
  utimesSync(path('operators/one.ts'), atime, mtime)
  expect(await compile()).toEqual(done)
  expect(read('dist/operators/one.js')).toContain('export const one = 7')

  rmSync(path('dist/src'), { recursive: true })
  expect(await compile()).toEqual(done)
  expect(existsSync(path('dist/src/cli/wallarx.js'))).toBe(true)
}, 60_000)

test('code for a browser has the types of one, and what it gets as it is lies beside it', async () => {
  const { path, read, write, compile } = smallPackage()
  for (const name of ['typescript', '@types']) symlinkSync(resolve('node_modules', name), path(`node_modules/${name}`))
  write('src/monitor/page/browser/tsconfig.json', readFileSync('src/monitor/page/browser/tsconfig.json', 'utf8'))
  mkdirSync(path('node_modules/uplot'))
  write('node_modules/uplot/index.d.ts', 'export {}\n')
  write('src/monitor/page/browser/main.ts', 'document.title = location.href // not sent\n')
  write('src/monitor/page/index.html', '<!doctype html>')
  expect(await compile()).toEqual(done)
  expect(read('dist/src/monitor/page/browser/main.js')).toBe('document.title = location.href;\nexport {};\n')
  write('src/monitor/page/index.html', '<!doctype html><title>again</title>')
  expect(await compile()).toEqual(done)
  expect(read('dist/src/monitor/page/index.html')).toContain('again')
  write('src/two.ts', 'export const title = document.title\n')
  expect(await compile()).toMatchObject({ code: 2 })
}, 60_000)

/** A compiler that writes something for both sources, and counts how often it was called. */
const standIn = `
  const fs = require('node:fs')
  for (const folder of ['dist/operators', 'dist/src/cli']) fs.mkdirSync(folder, { recursive: true })
  for (const file of ['dist/operators/one.js', 'dist/src/cli/wallarx.js']) fs.writeFileSync(file, '')
  fs.appendFileSync('calls', 'x')
  if (fs.readFileSync('src/cli/wallarx.ts', 'utf8').includes('wrong')) process.exitCode = 2
`

test.each([
  ['nothing has changed', () => undefined, 1],
  ['a source is put back', ({ read, write }: Package) => write('operators/one.ts', read('operators/one.ts')), 1],
  ['a source is new', ({ write }: Package) => write('src/three.ts', ''), 2],
  ['a source is gone', ({ path }: Package) => rmSync(path('operators/one.ts')), 2],
  ['its configuration has changed', ({ path }: Package) => appendFileSync(path('tsconfig.json'), '\n'), 2],
  ['something else is installed', ({ write }: Package) => write('node_modules/.package-lock.json', '{ }'), 2],
  ['dist lacks a file', ({ path }: Package) => rmSync(path('dist/operators/one.js')), 2],
  ['dist is cleaned', ({ path }: Package) => rmSync(path('dist'), { recursive: true }), 2],
] as const)('the compiler is called where it is needed: %s', async (_, change, calls) => {
  const made = smallPackage()
  made.write(compiler, standIn)
  expect(await made.compile()).toEqual(done)
  change(made)
  expect(await made.compile()).toEqual(done)
  expect(made.read('calls')).toHaveLength(calls)
})

test('what has errors is compiled each time, until they are mended', async () => {
  const { read, write, compile } = smallPackage()
  write(compiler, standIn)
  write('src/cli/wallarx.ts', 'wrong')
  expect(await compile()).toEqual({ code: 2, output: '' })
  expect(await compile()).toEqual({ code: 2, output: '' })
  write('src/cli/wallarx.ts', 'right')
  expect(await compile()).toEqual(done)
  expect(await compile()).toEqual(done)
  expect(read('calls')).toHaveLength(3)
})

test('a source that changes while it is compiled is compiled again', async () => {
  const { read, write, compile } = smallPackage()
  write(compiler, `${standIn}; fs.writeFileSync('operators/one.ts', 'export const one = 7')`)
  expect(await compile()).toEqual(done)
  expect(await compile()).toEqual(done)
  expect(await compile()).toEqual(done)
  expect(read('calls')).toHaveLength(2)
})
