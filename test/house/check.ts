/** `npm run house`: the figures of the house, and where one is more than it may come to. A part of `npm run lint`. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { measure } from './measures.ts'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
const files = tracked
  .split('\n')
  .filter((path) => /^(src|operators|test|examples|docs)\/.*\.(ts|md)$|^[^/]+\.md$/.test(path) && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

for (const { name, figure, most, places } of measure(files)) {
  const kept = figure <= most
  console.log(`${kept ? 'ok    ' : 'FAILED'} ${String(figure).padStart(5)}  ≤ ${String(most).padEnd(4)} ${name}`)
  if (kept) continue
  process.exitCode = 1
  for (const place of places.slice(0, process.argv.includes('--all') ? Infinity : 12)) console.log(`         ${place}`)
  if (places.length > 12) console.log(`         … ${places.length} places; all of them: npm run house -- --all`)
}
