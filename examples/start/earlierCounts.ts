import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const packageFile = createRequire(import.meta.url).resolve('wallarx/package.json')
const command = join(dirname(packageFile), 'dist/src/cli/wallarx.js')

/**
 * The counts in a store, by word: what `wallarx state DIR --partition 'word totals' --json` prints, also while the
 * application runs. None where there is no state yet.
 */
export async function earlierCounts(directory: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  if (!existsSync(join(directory, 'wallarx-store.json'))) return counts
  const overview = await wallarx('state', directory, '--json')
  const { partitions } = JSON.parse(overview.join('')) as { partitions: readonly { readonly name: string }[] }
  if (!partitions.some(({ name }) => name === 'word totals')) return counts
  for (const line of await wallarx('state', directory, '--partition', 'word totals', '--json')) {
    const { state } = JSON.parse(line) as { state: readonly (readonly [word: string, count: number])[] }
    for (const [word, count] of state) counts.set(word, count)
  }
  return counts
}

/** The lines that the command prints. Rejects with what it says when it fails. */
async function wallarx(...args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  const [code] = (await closed) as [number | null]
  if (code !== 0) throw new Error(complaint.trim())
  return lines
}
