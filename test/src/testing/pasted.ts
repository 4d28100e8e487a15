import ts from 'typescript'

/** The test that the message of a broken law ends with. */
export function pastedTestIn(message: string): string {
  const lines = message.split('\n')
  const from = lines.findIndex((line) => line.trim().startsWith('import '))
  const to = lines.findIndex((line, at) => at > from && line.trim() === '})' && /^ {0,2}\}\)/.test(line))
  if (from < 0 || to < 0) throw new Error(`no test in: ${message}`)
  return lines
    .slice(from, to + 1)
    .map((line) => line.replace(/^ {2}/, ''))
    .join('\n')
}

/** Runs such a test, beside a `build` as the user has one. Rejects where the test fails. */
export async function runPasted(text: string, beside: Record<string, unknown>): Promise<void> {
  const script = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText
  const body = script.replaceAll(
    /^import (?:(\w+)|\{([^}]*)\}) from (['"][^'"]+['"]);?$/gm,
    (_all, whole: string | undefined, names: string | undefined, specifier: string) =>
      whole === undefined
        ? `const {${names!}} = await load(${specifier})`
        : `const ${whole} = (await load(${specifier})).default`,
  )
  const tests: (() => Promise<void>)[] = []
  const load = async (specifier: string): Promise<unknown> => {
    if (specifier === 'vitest') return { test: (_title: string, run: () => Promise<void>) => tests.push(run) }
    if (specifier === 'wallarx/testing') return import('wallarx/testing')
    if (specifier === 'wallarx/operators') return import('wallarx/operators')
    return import(specifier)
  }
  const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>
  await new AsyncFunction('load', ...Object.keys(beside), body)(load, ...Object.values(beside))
  if (tests.length !== 1) throw new Error(`${tests.length} tests in: ${text}`)
  await tests[0]!()
}
