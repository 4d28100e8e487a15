import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const programs = ['test/src/kafka/wordCountWorker.ts', 'examples/17-kafka/counting.ts']

/**
 * The path of the word count's worker as JavaScript, so that no compiler is in the process that is measured. It is in
 * the package, whose name it imports.
 */
export function compiledWorker(): string {
  const folder = join(root, 'dist/bench')
  mkdirSync(folder, { recursive: true })
  const [worker] = programs.map((program) => {
    const { outputText } = ts.transpileModule(readFileSync(join(root, program), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    })
    const file = join(folder, `${basename(program, '.ts')}.js`)
    writeFileSync(file, outputText.replaceAll(/'[^']*\/(\w+)\.ts'/g, "'./$1.js'"))
    return file
  })
  return worker!
}
