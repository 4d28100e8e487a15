import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Where } from '../../base/errors.ts'
import { storeInUse } from '../store.ts'

/*
 * The file `owner-N` with the highest N says which process has a directory open, as JSON: an `Owner`, or `{}` for
 * none. To take the directory is to create the file with the next number, which succeeds for one process only; then the
 * lower ones go. The highest is never removed, or a process that looked at it a while ago could create it anew beside
 * the next owner.
 */
interface Owner {
  readonly process: number
  readonly host: string
  /** Tells the process from another that gets its number later; absent where the system has no /proc. */
  readonly started?: string | undefined
  readonly since: string
}

/**
 * Makes this process the owner of a directory; the result ends that. Rejects with `STORE_IN_USE` while another process
 * has it, or this one has.
 *
 * A process that has ended, however it did, owns nothing. Its number may belong to another one by now; where there is
 * no /proc that one counts as the owner. A thread that was terminated leaves its process the owner. An owner on another
 * host counts as alive, since it cannot be seen from here: if it is gone for good, its file is to be removed by hand,
 * which the error says.
 */
export async function own(directory: string, where: Where): Promise<() => Promise<void>> {
  const me: Owner = {
    process: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    since: new Date().toISOString(),
  }
  for (;;) {
    const highest = Math.max(0, ...(await numbersIn(directory)))
    const owner = highest === 0 ? undefined : await ownerIn(fileOf(directory, highest))
    if (owner !== undefined && (await isAlive(owner))) throw storeInUse(described(owner, directory, highest), where)
    const mine = fileOf(directory, highest + 1)
    if (!(await create(mine, me))) continue
    const numbers = await numbersIn(directory)
    if (Math.max(...numbers) > highest + 1) {
      await rm(mine, { force: true })
      continue
    }
    for (const number of numbers) if (number <= highest) await rm(fileOf(directory, number), { force: true })
    return () => leave(mine)
  }
}

/** No store is opened so often; beyond, two numbers may be one. */
const highestNumber = 2 ** 52

const fileOf = (directory: string, number: number): string => join(directory, `owner-${number}`)

async function numbersIn(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).flatMap((name) => /^owner-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  const wrong = numbers.find((number) => number > highestNumber)
  if (wrong !== undefined) throw new Error(`owner-${wrong} is there, which nobody writes`)
  return numbers
}

async function create(file: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function leave(file: string): Promise<void> {
  try {
    await writeFile(file, '{}', { flag: 'r+' })
    await truncate(file, 2)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // removed with its directory
  }
}

/**
 * How long a file that does not make sense may be one that is being written, in milliseconds; later a crash left it so.
 */
const longestWrite = 1000

async function ownerIn(file: string): Promise<Owner | undefined> {
  const start = performance.now()
  for (;;) {
    try {
      const owner = JSON.parse(await readFile(file, 'utf8')) as Partial<Owner> | null
      const { process, host, started, since = 'an unknown time' } = owner ?? {}
      if (!Number.isSafeInteger(process) || process! <= 0 || typeof host !== 'string') return undefined
      return { process: process!, host, started, since }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // there is a higher one by now
      if (!(error instanceof SyntaxError)) throw error
      if (performance.now() - start > longestWrite) return undefined
    }
    await delay(10)
  }
}

async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) return true
  const started = await startOf(owner.process)
  if (started !== undefined && owner.started !== undefined) return started === owner.started
  try {
    process.kill(owner.process, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * When a process started, as this boot of the machine and its clock ticks since; `ended` for one that only waits for
 * its parent.
 */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    // From the third field on; the second may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : `${boot} ${fields[19]!}`
  } catch {
    return undefined
  }
}

function described(owner: Owner, directory: string, number: number): string {
  const since = `since ${owner.since}`
  if (owner.host === hostname()) return `process ${owner.process} on host ${owner.host}, ${since},`
  const cure = `(if it is gone for good, remove ${fileOf(directory, number)})`
  return `process ${owner.process} on another host, ${owner.host}, ${since} ${cure}`
}
