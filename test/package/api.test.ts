import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { apiReport, entryPoints } from './apiReport.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test.each(Object.keys(entryPoints))(
  'the public API of %s is what its report says (npm run api writes it anew)',
  (name) => {
    expect(apiReport(root, name)).toBe(readFileSync(`${root}api/${name}.api.md`, 'utf8'))
  },
  60_000,
)
