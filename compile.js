/**
 * Compiles the package into dist, where it is not there already: `npm run compile`, and what runs the package begins with
 * it. The compiler needs more than a second to find out that there is nothing to do; reading the sources takes 20 ms.
 *
 * What was compiled is known by the content of all that it was made of, not by dates: a file that was put back or copied
 * with its old date is what it is. dist/.compiled holds that after the compiler has succeeded, as it was before it began:
 * what had errors, and what has changed meanwhile, is compiled the next time.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('.', import.meta.url)))

const compiled = 'dist/.compiled'
const files = ['operators', 'src'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .sort(),
)
const sources = files.filter((name) => name.endsWith('.ts'))
/** What a browser gets as it is. */
const assets = files.filter((name) => /\.(html|css|svg)$/.test(name))
/** Code for a browser has the types of one, and is compiled by itself. */
const browser = files.filter((name) => /[\\/]tsconfig\.json$/.test(name))
/** What else it depends on; the last one is npm's list of what is installed. */
const others = ['compile.js', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'node_modules/.package-lock.json']

const hash = createHash('sha256')
for (const path of [...others, ...sources, ...assets, ...browser]) {
  const content = existsSync(path) ? readFileSync(path) : ''
  hash.update(`${path} ${content.length}\n`).update(content)
}
const made = hash.digest('hex')

const isComplete = [...sources, ...assets].every((path) => existsSync(join('dist', path.replace(/\.ts$/, '.js'))))
const isCompiled = isComplete && existsSync(compiled) && readFileSync(compiled, 'utf8') === made
if (!isCompiled) process.exitCode = compile()

/** Runs the compiler; gives its exit code. */
function compile() {
  rmSync(compiled, { force: true })
  // The compiler believes in what it wrote: a file that is missing it would not write again.
  if (!isComplete) rmSync('dist/.tsbuildinfo', { force: true })
  const tsc = 'node_modules/typescript/bin/tsc'
  for (const project of ['tsconfig.build.json', ...browser]) {
    const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })
    if (status !== 0) return status ?? 1
  }
  for (const path of assets) copyFileSync(path, join('dist', path))
  chmodSync('dist/src/cli/wallarx.js', 0o755)
  writeFileSync(compiled, made)
  return 0
}
