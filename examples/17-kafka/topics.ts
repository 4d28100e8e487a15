import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Where the command `wallarx` is: what `npx wallarx` runs. */
function wallarx(): string {
  const path = createRequire(import.meta.url).resolve('wallarx/package.json')
  const { bin } = createRequire(import.meta.url)(path) as { bin: { wallarx: string } }
  return fileURLToPath(new URL(bin.wallarx, `file://${path}`))
}

/** Makes the topics that are not there, as anybody does on the command line. */
export async function makeTopics(brokers: string, topics: readonly string[], partitions: number): Promise<boolean> {
  const args = ['kafka', 'create', ...topics, '--partitions', String(partitions), '--brokers', brokers]
  console.log(`npx wallarx ${args.join(' ')}`)
  const child = spawn(process.execPath, [...process.execArgv, wallarx(), ...args], { stdio: 'inherit' })
  const [code] = (await once(child, 'close')) as [number | null]
  return code === 0
}
