import { readFile } from 'node:fs/promises'
import { copyFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { startNode, type Program } from '../support/processes.ts'
import { wallarx } from './wallarx.ts'

const sums = `import { fileSink, fileSource, framed, json, lines, statePartition } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
const totals = statePartition('totals', { key: () => 0, build: () => ({ sum: 0 }) })
const sums = fileSource({ path: '-', framing: lines() }).pipe(
  decode(json()),
  toStatePartition((n, total) => [(total.sum += n), true], totals),
  encode(framed(json(), { delimiter: '\\n' })),
  toSink(fileSink({ path: '-' })),
)
`

/** A project of a user's, with the package in it, and with what else it needs of ours. */
function project(file: string, text: string, ...packages: string[]): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(resolve('.'), join(folder, 'node_modules/wallarx'))
  for (const name of ['rxjs', ...packages])
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  writeFileSync(join(folder, file), text)
  return join(folder, file)
}

const start = (...args: string[]): Program => wallarx('run', ...args)

async function outputOf(program: Program, input = ''): Promise<string> {
  program.process.stdin.end(input)
  expect(await program.ended, program.stderr()).toBe(0)
  return program.stdout()
}

describe('wallarx run', () => {
  test.each([
    ['pipelines', 'export const pipelines = { sums }'],
    ['a default pipeline', 'export default sums'],
    ['default options of run', "export default { name: 'Sums', pipelines: { sums } }"],
    [
      'pipelines, and the other options as its default',
      "export const pipelines = { sums }; export default { name: 'a' }",
    ],
  ])('runs a module that exports %s', async (_, ending) => {
    const program = start(project('app.mjs', sums + ending))
    expect(await outputOf(program, '1\n2\n3')).toBe('1\n3\n6\n')
    expect(program.stderr()).toBe('')
  })

  test('--store keeps state from one run to the next', async () => {
    const file = project('app.mjs', `${sums}export default sums`)
    const store = temporaryFolder()
    expect(await outputOf(start(file, '--store', store), '1\n2')).toBe('1\n3\n')
    expect(await outputOf(start(file, '--store', store, '--log', 'off'), '4\n')).toBe('7\n')
  })

  test('--monitor shows the run, --log info says where; SIGTERM stops it in order', async () => {
    const program = start(project('app.mjs', `${sums}export default sums`), '--monitor', '0', '--log', 'info')
    await program.until(() => /monitor: \S+\n/.test(program.stderr()))
    const [, url] = /^app: monitor: (\S+)\n/.exec(program.stderr())!
    const status = (await (await fetch(new URL('healthz', url))).text()).length
    expect(status).toBeGreaterThan(0)
    program.process.stdin.write('5\n')
    await program.until(() => program.stdout() === '5\n')
    program.process.kill('SIGTERM')
    expect(await program.ended, program.stderr()).toBe(0)
  })

  test.each([
    ['info', /DECODE_FAILED/],
    ['warn', /DECODE_FAILED/],
    ['error', /^$/],
    ['off', /^$/],
  ])('--log %s says of a dead letter what it should', async (level, said) => {
    const program = start(project('app.mjs', `${sums}export default sums`), '--log', level)
    expect(await outputOf(program, 'x\n1\n')).toBe('1\n')
    expect(program.stderr()).toMatch(said)
  })

  test('runs TypeScript where tsx is, whatever it takes', async () => {
    const file = project(
      'app.mts',
      `enum A { b = 1 }\n${sums.replace('(n, total)', '(n: number, total)').replace('json()', 'json<number>()')}
console.error(A.b)\nexport const pipelines = { sums }`,
      'tsx',
    )
    const program = start(file)
    expect(await outputOf(program, '1\n2\n')).toBe('1\n3\n')
    expect(program.stderr()).toBe('1\n')
  })

  test('ends with 0 where nobody reads its standard output any more', async () => {
    const text = sums
      .replace("path: '-', framing", "path: '/dev/zero', framing")
      .replace(
        /fileSource\(.*?\)\.pipe/,
        "fromAsyncIterable((function* () { for (;;) yield Buffer.from('1') })()).pipe",
      )
      .replace('fileSource,', 'fromAsyncIterable,')
    const program = start(project('app.mjs', `${text}export default sums`))
    await program.until(() => program.stdout().length > 0)
    program.process.stdout.destroy()
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stderr()).toBe('')
  })

  test('runs the example of the guide', async () => {
    const program = start('examples/21-everyday/sales.ts', '--log', 'warn')
    const out = await outputOf(program, await readFile('examples/data/sales.csv', 'utf8'))
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { shop: 'harbour', sales: 1, total: 31.5 },
      { shop: 'mill', sales: 1, total: 2.2 },
      { shop: 'harbour', sales: 2, total: 79.5 },
      { shop: 'mill', sales: 2, total: 3 },
      { shop: 'mill', sales: 3, total: 4.1 },
    ])
    const [price, more, ...rest] = program.stderr().trimEnd().split('\n')
    expect(price).toMatch(/^sales: .*DECODE_FAILED.*line: 7.*path: \$\.price/)
    expect(more).toBe('sales: sales: dead letter DECODE_FAILED: 1 more')
    expect(rest).toEqual([])
  })
})

describe('what a user can mend is told in a line, exit code 1:', () => {
  test.each<[string, string, RegExp]>([
    [
      'a module without pipelines',
      'export const sums = 1, b = 2',
      /exports no pipelines, only b, sums\. It has to say: export const pipelines/,
    ],
    ['a default that is no pipeline', 'export default 7', /the default export of \S+ is 7, and no pipeline/],
    [
      'pipelines that are said twice',
      `${sums}export default sums; export const pipelines = { sums }`,
      /exports pipelines twice/,
    ],
    ['pipelines that are none', 'export const pipelines = { a: 1 }', /expected pipelines\["a"\] to be an Observable/],
    [
      'an option that run() does not know',
      `${sums}export default { pipelines: { sums }, stoer: 1 }`,
      /is store what you mean\?/,
    ],
    ['an import that is not there', "import 'not-there'", /imports what is not there: Cannot find package 'not-there'/],
    [
      'an option that is wrong where something is built',
      "import { lines } from 'wallarx'; lines({ maxLength: -1 })",
      /expected maxLength to be/,
    ],
  ])('%s', async (_, text, message) => {
    const program = start(project('app.mjs', text))
    program.process.stdin.end()
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx run: [^\n]+\n$/)
    expect(program.stderr()).toMatch(message)
  })

  test.each([
    ['/no/such/app.ts', /there is no file "\/no\/such\/app\.ts"\. Check the path/],
    ['.', /"\." is no file\. Name a module/],
    ['README.md', /"README\.md" is no module that Node runs/],
  ])('%s', async (path, message) => {
    const program = start(path)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx run: [^\n]+\n$/)
    expect(program.stderr()).toMatch(message)
  })

  test.skipIf('typescript' in process.features)(
    'TypeScript without tsx, on a Node that does not strip types',
    async () => {
      const program = start(project('app.ts', sums))
      expect(await program.ended).toBe(1)
      expect(program.stderr()).toMatch(
        /^wallarx run: \S+ is TypeScript, which Node \S+ does not run by itself: npm install --save-dev tsx, [^\n]+\n$/,
      )
    },
  )
})

describe('what the code of a module throws is told with its stack, exit code 1:', () => {
  test('while it is loaded', async () => {
    const program = start(project('app.mjs', 'const a = undefined\nexport const pipelines = a.b'))
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx run: \S+app\.mjs failed while it was loaded:\nTypeError: [^]*app\.mjs:2/)
  })

  test('while it runs', async () => {
    const text = sums.replace('[(total.sum += n), true]', '{ throw new Error(`no ${n}`) }')
    const program = start(project('app.mjs', `${text}export default sums`))
    program.process.stdin.end('1\n')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(
      /^wallarx run: \S+ expected the computation to take 1, [^\n]*\nError: no 1\n[^]*app\.mjs:\d/,
    )
  })
})

test('a store or a log beside that of the module is refused, exit code 2', async () => {
  const file = project(
    'app.mjs',
    `import { memoryStore } from 'wallarx'
${sums}export default { pipelines: { sums }, store: memoryStore(), log: false }`,
  )
  for (const option of ['store', 'log']) {
    const program = start(file, `--${option}`, option === 'store' ? temporaryFolder() : 'off')
    expect(await program.ended).toBe(2)
    expect(program.stderr()).toMatch(
      new RegExp(`^wallarx run: --${option} stands beside the ${option} that \\S+ exports`),
    )
  }
})

test('the module is asked for the copy of the package that it imports', async () => {
  const file = project('app.mjs', `${sums}export default sums`)
  const copy = join(temporaryFolder(), 'wallarx')
  mkdirSync(copy)
  copyFileSync('package.json', join(copy, 'package.json'))
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  // Another folder with the same files: other modules, and other pipelines, for Node.
  cpSync('dist', join(copy, 'dist'), { recursive: true })
  const program = startNode(join(copy, 'dist/src/cli/wallarx.js'), 'run', file, '--store', temporaryFolder())
  expect(await outputOf(program, '1\n2')).toBe('1\n3\n')
})
