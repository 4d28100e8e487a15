import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { docstringExamples, prelude, readmeExamples, root, type Example } from './examples.ts'

const examples = [...docstringExamples(), ...readmeExamples()]

/** Runs an example as an async function, its imports being looked up in the modules that vitest has loaded. */
async function runExample({ code }: Example): Promise<void> {
  const script = ts.transpileModule(prelude + code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText
  const body = script.replaceAll(
    /^import (?:(\w+)|\{([^}]*)\}) from (['"][^'"]+['"]);?$/gm,
    (_all, whole: string | undefined, names: string | undefined, specifier: string) =>
      whole === undefined
        ? `const {${names!.replaceAll(' as ', ': ')}} = await load(${specifier})`
        : `const ${whole} = (await load(${specifier})).default`,
  )
  const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (load: unknown) => Promise<void>
  await new AsyncFunction('load', body)(load)
}

const load = async (specifier: string): Promise<unknown> => {
  if (specifier === 'wallarx') return import('wallarx')
  if (specifier === 'wallarx/operators') return import('wallarx/operators')
  if (specifier === 'wallarx/testing') return import('wallarx/testing')
  return import(specifier)
}

/** What the compiler says of all examples, as files of their own beside this one. */
function typeErrors(): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys))
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = new Map(
    examples.map((example, index) => [join(import.meta.dirname, `example-${index}.ts`), example] as const),
  )
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (name) => {
    const example = files.get(name)
    return example === undefined ? readFile(name) : `${prelude}${example.code}\nexport {}\n`
  }
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.getSourceFile = (name, language) => {
    const text = host.readFile(name)
    return text === undefined ? undefined : ts.createSourceFile(name, text, language)
  }
  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true, noUnusedLocals: false }, host)
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file !== undefined && dirname(file.fileName) === import.meta.dirname)
    .map(
      ({ file, messageText }) =>
        `${String(files.get(file!.fileName)?.place)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    )
}

describe('examples in docstrings and the README', () => {
  test('there is one for every public function and operator', async () => {
    const all = docstringExamples().map(({ code }) => code)
    const exported = {
      ...(await import('wallarx')),
      ...(await import('wallarx/operators')),
      ...(await import('wallarx/testing')),
    }
    const withoutExample = Object.keys(exported).filter((name) => !all.some((code) => code.includes(name)))
    expect(withoutExample).toEqual([])
  })

  test('compile', { timeout: 60_000 }, () => {
    expect(typeErrors()).toEqual([])
  })

  for (const example of examples) {
    test(`${example.place} runs`, () => runExample(example))
  }
})
