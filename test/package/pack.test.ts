/**
 * What a user gets: the packed tarball, installed from nothing beside rxjs, running the README's first example.
 *
 * dist must be built; `npm test` does so first.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: { rxjs: string }
}

/** The environment without what `npm test` adds for its own scripts: a child npm would take our folder for its own. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(config_(local_prefix|package|yes)|command|lifecycle_|package_)|INIT_CWD$|VITEST|NODE_ENV$)/.test(name),
  ),
)

let project = ''

/** Runs a command in the project to its end and returns what it printed; a failure shows what it said. */
function succeed(cwd: string, command: string, ...args: string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 90_000 })
  if (error !== undefined) throw error
  expect(status, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0)
  return stdout
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'wallarx-pack-'))
  const packed = succeed(root, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', project)
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
  writeFileSync(join(project, 'package.json'), '{ "name": "a-user", "private": true }\n')
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  succeed(project, 'npm', 'install', ...quiet, join(project, filename), `rxjs@${devDependencies.rxjs}`)
}, 120_000)

afterAll(() => {
  rmSync(project, { recursive: true, force: true })
})

/** The first TypeScript block of the README. */
function firstExample(): string {
  const block = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))
  if (block?.[1] === undefined) throw new Error('README.md has no ```ts block')
  return block[1]
}

/** The example with its two addresses replaced; both must stand in it. */
function atPorts(example: string, listen: number, sink: number): string {
  expect(example).toContain('127.0.0.1:7010')
  expect(example).toContain('127.0.0.1:7002')
  return example.replaceAll('127.0.0.1:7010', `127.0.0.1:${listen}`).replaceAll('127.0.0.1:7002', `127.0.0.1:${sink}`)
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Connects as soon as the program listens; gives up when it has ended, or after ten seconds. */
async function connectTo(port: number, hasEnded: () => boolean): Promise<Socket> {
  for (let attempt = 0; attempt < 200 && !hasEnded(); attempt++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      socket.destroy()
      await delay(50)
    }
  }
  throw new Error(`nothing listens on port ${port}`)
}

/** One message: its length in four bytes, big endian, and its text. */
function frame(text: string): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(Buffer.byteLength(text))
  return Buffer.concat([header, Buffer.from(text)])
}

describe('the installed package', () => {
  test("the README's first example type-checks against the installed declarations", { timeout: 60_000 }, () => {
    const file = join(project, 'readme.mts')
    writeFileSync(file, firstExample())
    const program = ts.createProgram([file], {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
      module: ts.ModuleKind.NodeNext,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    })
    const found = ts.getPreEmitDiagnostics(program)
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => project,
      getNewLine: () => '\n',
    }
    expect(ts.formatDiagnostics(found, host)).toBe('')
  })

  // attw, which looks for that too, cannot be told that nobody has to find them as Node 10 did.
  test.each([
    ['node', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])('what its declarations import of it is found: %s', (_, module, moduleResolution) => {
    const dist = join(project, 'node_modules/wallarx/dist')
    const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.d.ts'),
    )
    const lost = declarations.flatMap((name) => {
      const path = join(dist, name)
      const own = ts
        .preProcessFile(readFileSync(path, 'utf8'))
        .importedFiles.filter(({ fileName }) => /^[.#]/.test(fileName))
      const resolve = (specifier: string) =>
        ts.resolveModuleName(
          specifier,
          path,
          { module, moduleResolution },
          ts.sys,
          undefined,
          undefined,
          ts.ModuleKind.ESNext,
        )
      return own
        .filter(({ fileName }) => resolve(fileName).resolvedModule === undefined)
        .map(({ fileName }) => `${name}: ${fileName}`)
    })
    expect(declarations.length).toBeGreaterThan(300)
    expect(lost).toEqual([])
  })

  test("the README's first example counts words over TCP, and SIGTERM ends it with code 0", async () => {
    let text = ''
    let onText = (): void => undefined
    const receiver = createServer((socket) => {
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        onText()
      })
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    onTestFinished(() => void receiver.close())

    const listen = await freePort()
    const source = atPorts(firstExample(), listen, (receiver.address() as AddressInfo).port)
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    writeFileSync(join(project, 'readme.mjs'), outputText)

    const program = spawn(process.execPath, ['readme.mjs'], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(program, 'exit')
    const hasEnded = (): boolean => program.exitCode !== null || program.signalCode !== null
    onTestFinished(() => void program.kill('SIGKILL'))
    let printed = ''
    for (const stream of [program.stdout, program.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
    }

    const expected = [
      'brown => 1',
      'dog => 1',
      'fox => 1',
      'lazy => 1',
      'quick => 1',
      'the => 1',
      'the => 2',
      'the => 3',
    ]
    const counts = (): string[] => text.match(/\w+ => \d+/g)?.map((line) => line.toLowerCase()) ?? []
    const delivered = new Promise<void>((resolve, reject) => {
      // The last line is whole once its line end is there.
      onText = () => {
        if (counts().length >= expected.length && /\d\s*$/.test(text) && text.endsWith('\n')) resolve()
      }
      void ended.then(([code]) => {
        reject(new Error(`the program ended with ${String(code)} before it had sent every count\n${printed}`))
      })
    })
    delivered.catch(() => undefined) // awaited below; the program may end before we get there

    const sender = await connectTo(listen, hasEnded)
    onTestFinished(() => void sender.destroy())
    for (const line of ['the quick brown fox', 'the lazy dog', 'the']) sender.write(frame(line))
    await delivered
    expect(counts().sort()).toEqual(expected)

    program.kill('SIGTERM')
    expect(await ended, printed).toEqual([0, null])
  })

  test('CommonJS can require it: no module of it awaits at its top level', () => {
    const names = "[...Object.keys(require('wallarx')), ...Object.keys(require('wallarx/operators'))]"
    const printed = succeed(project, process.execPath, '-e', `console.log(JSON.stringify(${names}))`)
    expect(JSON.parse(printed)).toEqual(expect.arrayContaining(['run', 'tcpSource', 'decode', 'toStatePartition']))
  })

  test('without ix, only wallarx/operators/ix cannot be imported, and the error names ix', () => {
    const script = `
      await import('wallarx')
      await import('wallarx/operators')
      await import('wallarx/operators/ix').catch((error) => console.log(error.code, error.message))
    `
    const printed = succeed(project, process.execPath, '--input-type=module', '-e', script)
    expect(printed).toMatch(/^ERR_MODULE_NOT_FOUND Cannot find package 'ix'/)
  })

  test('its command shows how it is used', () => {
    expect(succeed(project, 'npx', '--no-install', 'wallarx', '--help')).toContain('wallarx')
  })

  test('every file that a source map names is in the package', () => {
    const installed = join(project, 'node_modules/wallarx')
    for (const map of ['dist/src/index.js.map', 'dist/operators/index.js.map', 'dist/src/index.d.ts.map']) {
      const { sources } = JSON.parse(readFileSync(join(installed, map), 'utf8')) as { sources: string[] }
      for (const source of sources) expect(readFileSync(join(installed, map, '..', source), 'utf8')).not.toBe('')
    }
  })
})
