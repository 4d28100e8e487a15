import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'dist/bench')
const worker = 'test/src/kafka/wordCountWorker.ts'
const programs = [worker, 'test/bench/kafka/atLeastOnce.ts', 'examples/17-kafka/counting.ts']

/** Paths of the word count's worker. */
export interface CompiledWorker {
  readonly exactlyOnce: string
  readonly atLeastOnce: string
}

/**
 * The worker as JavaScript, so that no compiler is in the process that is measured. It is in the package, whose name it
 * imports.
 */
export function compiledWorker(): CompiledWorker {
  mkdirSync(folder, { recursive: true })
  const [exactlyOnce] = programs.map((program) => {
    const { outputText } = ts.transpileModule(readFileSync(join(root, program), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    })
    const ofProduct = outputText.replaceAll(/'[^']*\/src\/(kafka\/[\w/]+)\.ts'/g, "'../src/$1.js'")
    return write(basename(program, '.ts'), ofProduct.replaceAll(/'[^']*\/(\w+)\.ts'/g, "'./$1.js'"))
  })
  const text = readFileSync(exactlyOnce!, 'utf8')
  const atLeastOnce = write('atLeastOnceWorker', text.replace("'wallarx/kafka'", "'./atLeastOnce.js'"))
  return { exactlyOnce: exactlyOnce!, atLeastOnce }
}

function write(name: string, text: string): string {
  const file = join(folder, `${name}.js`)
  writeFileSync(file, text)
  return file
}
