import fc from 'fast-check'
import type { PipelineEvent } from '../driver/faults.ts'
import { asciiOf } from './marbleDiagram.ts'

export interface PastedTest {
  /** The title of the test: what should hold. */
  readonly title: string
  /** What it needs of `wallarx/testing`. */
  readonly uses: readonly string[]
  readonly body: readonly string[]
  /** Further imports. */
  readonly imports?: readonly string[]
}

/** A whole test file that shows a breach, to be pasted beside what is tested. */
export function pastedTest({ title, uses, body, imports = [] }: PastedTest): string {
  return [
    ...(body.some((line) => line.includes('assert.')) ? ["import assert from 'node:assert/strict'"] : []),
    ...imports,
    process.env.VITEST === undefined ? "import { test } from 'node:test'" : "import { test } from 'vitest'",
    `import { ${[...uses].sort().join(', ')} } from 'wallarx/testing'`,
    '',
    `test(${quoted(title)}, async () => {`,
    ...body.map((line) => (line === '' ? '' : `  ${line}`)),
    '})',
  ].join('\n')
}

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`

/** A value as TypeScript that makes it; fast-check's own form where it has no other. */
export function literal(value: unknown): string {
  if (!Buffer.isBuffer(value)) return fc.stringify(value)
  const text = asciiOf(value)
  return text === undefined ? `Buffer.from('${value.toString('hex')}', 'hex')` : `Buffer.from(${JSON.stringify(text)})`
}

/** The list of events as TypeScript. */
export function eventLines(events: readonly PipelineEvent<unknown>[]): string[] {
  return events.map((event) => {
    if ('message' in event) return `  { message: ${literal(event.message)} },`
    if ('events' in event) return `  { fault: '${event.fault}', events: ${event.events} },`
    return `  { fault: '${event.fault}' },`
  })
}
