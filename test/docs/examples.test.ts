import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { docstringExamples, moduleOf, pageExamples, root, type Example } from './examples.ts'

const examples = [...docstringExamples(), ...pageExamples()]

/** Runs an example as an async function, its imports being looked up in the modules that vitest has loaded. */
async function runExample(example: Example): Promise<void> {
  const script = ts.transpileModule(moduleOf(example), {
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

/** Every entry point, by the name it is imported by. */
const entryPoints: Record<string, () => Promise<unknown>> = {
  wallarx: () => import('wallarx'),
  'wallarx/kafka': () => import('wallarx/kafka'),
  'wallarx/native': () => import('wallarx/native'),
  'wallarx/operators': () => import('wallarx/operators'),
  'wallarx/operators/ix': () => import('wallarx/operators/ix'),
  'wallarx/testing': () => import('wallarx/testing'),
}

const load = (specifier: string): Promise<unknown> => entryPoints[specifier]?.() ?? import(specifier)

/** The compiler's options, and the source of an entry point: `dist/src/x.js` is compiled from `src/x.ts`. */
function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys))
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options
}
const published = Object.entries(packageJson.exports).flatMap(([path, target]) =>
  typeof target === 'string'
    ? []
    : [{ name: path.replace('.', 'wallarx'), source: join(root, target.default.replace(/^.\/dist\/(.*)js$/, '$1ts')) }],
)

/** What was parsed once. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** The files that there are, and examples as files. */
function hostOf(files: ReadonlyMap<string, Example>): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions())
  const { readFile, fileExists, getSourceFile } = host
  host.readFile = (name) => {
    const example = files.get(name)
    return example === undefined ? readFile(name) : `${moduleOf(example)}\nexport {}\n`
  }
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.getSourceFile = (name, ...how) => {
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...how))
    return parsed.get(name)
  }
  return host
}

/** What is public and has no docstring with an example that asserts, as `wallarx/operators: decode`; no types. */
function withoutExample(): string[] {
  const program = ts.createProgram(
    published.map(({ source }) => source),
    compilerOptions(),
    hostOf(new Map()),
  )
  const checker = program.getTypeChecker()
  return published.flatMap(({ name, source }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(source)!)
    return (module === undefined ? [] : checker.getExportsOfModule(module)).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (!(symbol.flags & ts.SymbolFlags.Value)) return []
      const examples = symbol
        .getJsDocTags(checker)
        .filter((tag) => tag.name === 'example')
        .map(({ text }) => ts.displayPartsToString(text))
      // A law asserts by itself: it rejects where it does not hold.
      const isShown = (code: string): boolean =>
        code.startsWith('```ts') &&
        new RegExp(`\\b${symbol.name}\\b`).test(code) &&
        (code.includes('assert') || (name === 'wallarx/testing' && code.includes(`await ${symbol.name}(`)))
      return examples.some(isShown) ? [] : [`${name}: ${symbol.name}`]
    })
  })
}

/** What the compiler says of all examples, as files of their own beside this one. */
function typeErrors(): string[] {
  const options = compilerOptions()
  const files = new Map(
    examples.map((example, index) => [join(import.meta.dirname, `example-${index}.ts`), example] as const),
  )
  const program = ts.createProgram(
    [...files.keys()],
    { ...options, noEmit: true, noUnusedLocals: false },
    hostOf(files),
  )
  return [...files].flatMap(([name, { place }]) => {
    const file = program.getSourceFile(name) // and nothing else: `npm run types` checks the sources
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    )
  })
}

describe('examples in docstrings, the README and the guides', () => {
  test('there is one that asserts for every public function, class and constant of every entry point', () => {
    expect(published.map(({ name }) => name).sort()).toEqual(Object.keys(entryPoints).sort())
    expect(withoutExample()).toEqual([])
  }, 60_000)

  test('compile', { timeout: 60_000 }, () => {
    expect(typeErrors()).toEqual([])
  })

  for (const example of examples) {
    test(`${example.place} runs`, () => runExample(example))
  }
})
