import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../bench/random.ts'
import { compareLines } from './compareLines.ts'
import { stopsFor, type CourseOptions } from './course.ts'
import { comeTo, momentOf } from './moments.ts'
import { Wrong } from './result.ts'
import { createText } from './text.ts'
import { endOf, startVictim, type Victim } from './victim.ts'

const program = 'test/crash/followedLines.ts'
const lines = 60_000

/**
 * A program that follows a file, killed and stopped again and again while another process writes to the file and
 * rotates it, by renaming and by truncating: the output is, byte for byte, that of a run over all lines in one file.
 */
export async function followRotation({ directory, seed, runs, result, progress }: CourseOptions): Promise<void> {
  const random = createRandom(seed)
  const text = join(directory, 'input.txt')
  const logs = join(directory, 'logs')
  const log = join(logs, 'app.log')
  const output = join(directory, 'output.txt')
  const state = join(directory, 'state')
  writeFileSync(text, `${createText(seed, lines)}\n`)
  await endOf(startVictim(program, '--in', text, '--out', join(directory, 'reference.txt')))
  const reference = readFileSync(join(directory, 'reference.txt'))

  /** A first start reads what is there: it is there before anything is rotated away. */
  const startWriter = async (): Promise<Victim> => {
    rmSync(logs, { recursive: true, force: true })
    mkdirSync(logs)
    const first = start()
    while (!first.hasEnded && !first.stderr().includes('after a crash')) await delay(20)
    first.signal('SIGTERM')
    await endOf(first)
    return startVictim('test/crash/rotatingWriter.ts', text, log, String(seed + result.passes))
  }
  const start = (): Victim => {
    result.runs++
    mkdirSync(state, { recursive: true })
    const args = ['--follow', '--in', log, '--out', output, '--state', state, '--checkpoint-interval', '20']
    return startVictim(program, ...args)
  }
  const written = (): number => statSync(output, { throwIfNoEntry: false })?.size ?? 0

  const check = (): void => {
    const { lost, duplicated, at } = compareLines(readFileSync(output), reference)
    result.lost += lost
    result.duplicated += duplicated
    if (at === undefined) return
    throw new Wrong(`the output differs from byte ${at} on: ${lost} lines are missing, ${duplicated} are too many`)
  }

  let writer = await startWriter()
  /** Lets it come to the end of what was written, and begins anew. */
  const finishPass = async (): Promise<void> => {
    const victim = start()
    await Promise.race([endOf(writer), victim.ended])
    for (let waited = 0; written() < reference.length && !victim.hasEnded && waited < 60_000; waited += 20) {
      await delay(20)
    }
    victim.signal('SIGTERM')
    await endOf(victim)
    check()
    result.passes++
    rmSync(state, { recursive: true })
    rmSync(output)
    writer = await startWriter()
  }

  while (result.kills < runs || result.stops < stopsFor(runs)) {
    const signal = result.stops < stopsFor(result.kills) ? 'SIGTERM' : 'SIGKILL'
    const victim = start()
    await comeTo(momentOf(result.kills), victim, state, random)
    victim.signal(signal)
    const end = await endOf(victim, signal)
    if (signal === 'SIGTERM' || end === 0) {
      const found = written() === 0 ? Buffer.alloc(0) : readFileSync(output)
      if (!found.equals(reference.subarray(0, found.length))) throw new Wrong('the output of a stop is no prefix')
      result.stops++
    } else result.kills++
    progress()
    if (writer.hasEnded) await finishPass()
  }
  await finishPass()
  writer.signal('SIGKILL')
  await writer.ended
}
