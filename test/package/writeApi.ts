import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiReport, entryPoints } from './apiReport.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
mkdirSync(`${root}api`, { recursive: true })
for (const name of Object.keys(entryPoints)) {
  writeFileSync(`${root}api/${name}.api.md`, apiReport(root, name))
  console.log(`api/${name}.api.md`)
}
