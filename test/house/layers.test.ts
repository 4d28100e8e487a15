/** The rules of .dependency-cruiser.js, held against a house in which each of them is broken once. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult, type IConfiguration } from 'dependency-cruiser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** Files of a house, by path: what each imports. */
type House = Readonly<Record<string, readonly string[]>>

interface Rules {
  readonly forbidden: readonly { readonly name: string }[]
}

const { default: rules } = (await import(new URL('../../.dependency-cruiser.js', import.meta.url).href)) as {
  readonly default: Rules & IConfiguration
}

/** A violation of each rule that says who may see whom. */
const violations: readonly (readonly [rule: string, house: House])[] = [
  ['no-cycle', { 'src/base/a.ts': ['src/base/b.ts'], 'src/base/b.ts': ['src/base/a.ts'] }],
  ...(
    [
      ['base', 'src/key/key.ts'],
      ['key', 'src/state/statePartition.ts'],
      ['acknowledged', 'src/context/endpoint.ts'],
      ['store', 'src/checkpoint/layout.ts'],
      ['codec', 'src/framing/framing.ts'],
      ['native', 'src/source/source.ts'],
      ['network', 'src/sink/sink.ts'],
      ['state', 'src/serialization/codec.ts'],
      ['context', 'src/sink/sink.ts'],
      ['serialization', 'src/store/store.ts'],
      ['bridge', 'src/sink/sink.ts'],
      ['sink', 'src/source/source.ts'],
      ['time', 'src/step/step.ts'],
      ['step', 'src/framing/framing.ts'],
      ['checkpoint', 'src/run/contract.ts'],
      ['framing', 'src/source/source.ts'],
      ['run', 'operators/to.ts'],
      ['source', 'src/journal/journaled.ts'],
      ['journal', 'src/checkpoint/positions.ts'],
      ['cluster', 'src/run/run.ts'],
      ['monitor', 'src/run/run.ts'],
      ['kafka', 'src/run/run.ts'],
    ] satisfies [string, string][]
  ).map(([room, above]) => [`${room}-looks-down`, { [`src/${room}/a.ts`]: [above], [above]: [] }] as const),
  ['every-room-has-a-floor', { 'src/attic/a.ts': ['src/base/errors.ts'], 'src/base/errors.ts': [] }],
  ['every-room-has-a-floor-to-be-seen-from', { 'src/index.ts': ['src/attic/a.ts'], 'src/attic/a.ts': [] }],
  ['operators-look-down', { 'operators/to.ts': ['src/run/run.ts'], 'src/run/run.ts': [] }],
  ['roots-choose', { 'src/run/run.ts': ['src/store/memory.ts'], 'src/store/memory.ts': [] }],
  ['testing-and-cli-stand-apart', { 'src/testing/a.ts': ['src/cli/main.ts'], 'src/cli/main.ts': [] }],
  ['nothing-imports-tests', { 'src/base/errors.ts': ['test/support/files.ts'], 'test/support/files.ts': [] }],
  ['examples-use-public-entry-points', { 'examples/01-a/main.ts': ['src/run/run.ts'], 'src/run/run.ts': [] }],
  ['example-roots-use-public-entry-points', { 'examples/run.ts': ['src/run/run.ts'], 'src/run/run.ts': [] }],
]

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'wallarx-house-'))
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

async function broken(name: string, house: House): Promise<string[]> {
  const base = join(root, name)
  for (const [file, imports] of Object.entries(house)) {
    mkdirSync(dirname(join(base, file)), { recursive: true })
    const up = '../'.repeat(file.split('/').length - 1)
    const lines = imports.map((imported) => `import '${up}${imported}'`)
    writeFileSync(join(base, file), [...lines, 'export {}', ''].join('\n'))
  }
  const { output } = await cruise(['.'], {
    baseDir: base,
    validate: true,
    ruleSet: { forbidden: [...rules.forbidden] },
  })
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name)
}

describe('the lint step fails on', () => {
  test.each(violations)('a violation of %s', async (rule, house) => {
    expect(await broken(rule, house)).toContain(rule)
  })

  test('nothing in a house that keeps the rules', async () => {
    const house: House = {
      'src/index.ts': ['src/source/tcp.ts'],
      'src/source/tcp.ts': ['src/source/source.ts', 'src/framing/framer.ts'],
      'src/source/source.ts': ['src/step/operate.ts'],
      'src/framing/framer.ts': ['src/base/errors.ts'],
      'src/step/operate.ts': ['src/context/context.ts'],
      'src/context/context.ts': ['src/base/errors.ts'],
      'src/base/errors.ts': [],
    }
    expect(await broken('kept', house)).toEqual([])
  })

  test('each rule is held against a violation of it', () => {
    const elsewhere = [
      'product-does-not-import-itself-by-name',
      'examples-use-public-names',
      'product-imports-what-is-installed-with-it',
      'everything-resolves',
    ] // they need installed packages
    const named = new Set([...violations.map(([rule]) => rule), ...elsewhere])
    expect(rules.forbidden.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([])
  })
})
