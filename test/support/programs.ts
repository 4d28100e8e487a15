import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'dist/programs')

function programs(): string[] {
  const inFolders = ['examples', 'test/bench/processes', 'test/crash', 'test/crash/time'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  )
  const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}/main.ts`)
  return [...inFolders, ...examples].filter((path) => /(?<!\.test)\.ts$/.test(path) && existsSync(join(root, path)))
}

/** Where a program is as JavaScript. `path` is that of its source, in the package. */
export const compiledProgram = (path: string): string => join(folder, path.replace(/\.ts$/, '.js'))

/**
 * The programs that tests and benches start, as JavaScript beside the package that they import. With tsx, through which
 * all modules of the package go too, a start takes four times as much processor time.
 */
export default async function compilePrograms(): Promise<void> {
  const { build } = await import('esbuild') // of no use to those who only ask where a program is
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: programs(),
    outbase: '.',
    outdir: 'dist/programs',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true, // steps are called as their functions are
    plugins: [inPlace],
    write: false,
  })
  for (const { path, text } of outputFiles) {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path) // whole for those who start it meanwhile
  }
}

/** A program finds its files where its source is, and starts others as JavaScript too. */
const inPlace: Plugin = {
  name: 'in place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const started = (url: string): string =>
        JSON.stringify(pathToFileURL(compiledProgram(relative(root, fileURLToPath(new URL(url, pathToFileURL(path)))))))
      const contents = text
        .replaceAll(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (_, url: string) => `new URL(${started(url)})`)
        .replaceAll(/'--import', 'tsx'(, )?/g, '')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path)))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    })
  },
}
