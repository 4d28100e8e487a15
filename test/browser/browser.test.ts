/** What a bundler makes of the package for a browser, and what that does in a real Chromium. From dist. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type BuildOptions } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { noChromium, openPage, type Page } from '../support/chromium.ts'
import { app } from './app.ts'

const root = new URL('../../', import.meta.url).pathname

/** The text of a bundle for a browser, and the files that are in it. */
async function bundle(options: BuildOptions): Promise<{ readonly text: string; readonly files: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
    metafile: true,
    platform: 'browser',
    write: false,
    ...options,
  })
  return { text: outputFiles![0]!.text, files: Object.keys(metafile!.inputs) }
}

const bundleOf = (program: string, options: BuildOptions = {}) =>
  bundle({ stdin: { contents: program, resolveDir: root }, ...options })

const entries = ['wallarx', 'wallarx/operators', 'wallarx/native']

describe('a bundle for a browser', () => {
  test.each(entries)('of all of %s has no module of Node, and asks for none of its globals', async (entry) => {
    const globals = ['Buffer', 'process', 'global', 'require', 'setImmediate', '__dirname']
    const define = Object.fromEntries(globals.map((name) => [name, `NODES_${name.toUpperCase()}`]))
    const { text, files } = await bundleOf(`export * from '${entry}'`, { define, external: ['rxjs'] })
    expect(text).not.toMatch(/NODES_\w+/)
    expect(text).not.toMatch(/\bnode:/)
    expect(files.filter((file) => file.endsWith('/platform/node.js'))).toEqual([])
    expect(files.length).toBeGreaterThan(3)
  })

  test.each(['run', 'tcpSource', 'tcpSink', 'fileSource', 'fileSink', 'journaled', 'lmdbStore', 'memoryStore'])(
    'that asks for %s is not made',
    async (name) => {
      await expect(bundleOf(`export { ${name} } from 'wallarx'`)).rejects.toThrow(
        `No matching export in "dist/src/browser.js" for import "${name}"`,
      )
    },
  )

  test('is as small as the guide says', async () => {
    const kilobytes = async (program: string): Promise<number> => {
      const { text } = await bundleOf(program, { external: ['rxjs'], minify: true })
      return gzipSync(text, { level: 9 }).length / 1024
    }
    const some = "export { statePartition } from 'wallarx'; export { to, toStatePartition } from 'wallarx/operators'"
    expect(await kilobytes(some)).toBeLessThan(22)
    expect(await kilobytes(entries.map((entry) => `export * from '${entry}'`).join('\n'))).toBeLessThan(44)
  })
})

/** What the compiler says of these files, with the types of a browser and none of Node. */
function complaints(files: readonly string[], given: ts.CompilerOptions, declarationsToo = false): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    customConditions: ['browser'],
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    skipDefaultLibCheck: true,
    ...given,
  })
  return program
    .getSourceFiles()
    .filter((file) => files.includes(file.fileName) || (declarationsToo && !program.isSourceFileDefaultLibrary(file)))
    .flatMap((file) => program.getSemanticDiagnostics(file))
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

describe('types of a browser', () => {
  test('are enough for all of the sources that are loaded in one', async () => {
    const { files } = await bundleOf(entries.map((entry) => `export * from '${entry}'`).join('\n'))
    const sources = files.flatMap((file) => /^dist\/(.*)\.js$/.exec(file)?.[1] ?? []).map((file) => `${root}${file}.ts`)
    expect(sources.length).toBeGreaterThan(100)
    expect(complaints(sources, { rootDir: root, outDir: `${root}dist`, skipLibCheck: true })).toEqual([])
  }, 180_000)

  test('are enough for an application of a user, declarations included', () => {
    const user = mkdtempSync(join(tmpdir(), 'wallarx-browser-'))
    onTestFinished(() => {
      rmSync(user, { recursive: true })
    })
    mkdirSync(join(user, 'node_modules'))
    symlinkSync(root, join(user, 'node_modules/wallarx'))
    symlinkSync(join(root, 'node_modules/rxjs'), join(user, 'node_modules/rxjs'))
    writeFileSync(join(user, 'package.json'), '{ "type": "module" }')
    const file = join(user, 'app.ts')
    copyFileSync(join(root, 'test/browser/app.ts'), file)
    expect(complaints([file], {}, true)).toEqual([])
    writeFileSync(
      file,
      "import { run } from 'wallarx'\nimport { encode } from 'wallarx/operators'\nrun\nencode(String)\n",
    )
    expect(complaints([file], { skipLibCheck: true })).toEqual([expect.stringContaining("no exported member 'run'")])
  }, 180_000)
})

describe.skipIf(noChromium !== undefined)(
  `in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`,
  () => {
    let page: Page

    beforeAll(async () => {
      page = await openPage('')
    }, 60_000)

    afterAll(() => page.close())

    test('an application gives what it gives in Node', async () => {
      const { text } = await bundle({ entryPoints: ['test/browser/app.ts'], format: 'iife', globalName: 'bundled' })
      const lines = (await page.run(`${text}\nreturn bundled.app()`)) as string[]
      expect(lines).toEqual(await app())
      expect(lines.length).toBeGreaterThan(1000)
      expect(page.uncaught).toEqual([])
    }, 60_000)
  },
)
