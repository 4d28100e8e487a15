import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../bench/random.ts'
import { compareLines } from './compareLines.ts'
import { stopsFor, type CourseOptions } from './course.ts'
import { comeTo, momentOf } from './moments.ts'
import { Wrong } from './result.ts'
import { createText } from './text.ts'
import { endOf, startVictim, type Victim } from './victim.ts'

/** A program that reads files, and writes one. */
export interface FileProgram {
  /** A TypeScript file that takes the options of examples/01-word-count/main.ts. */
  readonly program: string
  /** Further options. */
  readonly args?: readonly string[]
  /** Writes what it reads; returns what `--in` says. Default: a text */
  readonly writeInput?: (directory: string, seed: number) => string
}

/** Writes a text of so many lines. */
export const writeText =
  (lines: number) =>
  (directory: string, seed: number): string => {
    const path = join(directory, 'input.txt')
    writeFileSync(path, createText(seed, lines))
    return `file:${path}`
  }

/**
 * A program from file to file, killed again and again until it has come to the end of its input: the
 * output is, byte for byte, that of a run without a store that nobody disturbs. When one pass is done the next begins
 * with nothing.
 */
export async function fileToFile(
  { program, args = [], writeInput = writeText(60_000) }: FileProgram,
  { directory, seed, runs, result, progress }: CourseOptions,
): Promise<void> {
  const random = createRandom(seed)
  const output = join(directory, 'output.txt')
  const state = join(directory, 'state')
  const input = writeInput(directory, seed)
  await endOf(startVictim(program, ...args, '--in', input, '--out', `file:${join(directory, 'reference.txt')}`))
  const reference = readFileSync(join(directory, 'reference.txt'))
  let lastCheckpoint = 0

  const start = (): Victim => {
    result.runs++
    mkdirSync(state, { recursive: true })
    const places = ['--in', input, '--out', `file:${output}`]
    return startVictim(program, ...args, ...places, '--state', state, '--checkpoint-interval', '20')
  }

  /** The checkpoints that it finds at its starts never go back. */
  const checkCheckpoint = (victim: Victim): void => {
    const found = Number(/: checkpoint (\d+) of /.exec(victim.stderr())?.[1] ?? lastCheckpoint)
    if (found < lastCheckpoint) throw new Wrong(`checkpoint ${found} was found, and ${lastCheckpoint} before it`)
    lastCheckpoint = found
  }

  /** It came to the end: compares, and begins anew. */
  const finishPass = (): void => {
    const { lost, duplicated, at } = compareLines(readFileSync(output), reference)
    result.lost += lost
    result.duplicated += duplicated
    if (at !== undefined) {
      throw new Wrong(`the output differs from byte ${at} on: ${lost} lines are missing, ${duplicated} are too many`)
    }
    result.passes++
    rmSync(state, { recursive: true })
    rmSync(output)
    lastCheckpoint = 0
  }

  /** Sends SIGTERM while it works: the output is whole, and the next start goes on behind it. */
  const stopUnderLoad = async (): Promise<void> => {
    const victim = start()
    await victim.begun
    await Promise.race([delay(random() * 400), victim.ended])
    victim.signal('SIGTERM')
    await endOf(victim)
    checkCheckpoint(victim)
    const written = readFileSync(output)
    if (!written.equals(reference.subarray(0, written.length))) throw new Wrong('the output of a stop is no prefix')
    const again = start()
    await endOf(again)
    checkCheckpoint(again)
    if (!again.stderr().includes(`sink file ${output} goes on from ${written.length}\n`)) {
      throw new Wrong(`a stop left ${written.length} bytes, and the restart did not go on there: ${again.stderr()}`)
    }
    result.stops++
    finishPass()
  }

  while (result.kills < runs) {
    const victim = start()
    await comeTo(momentOf(result.kills), victim, state, random)
    victim.signal('SIGKILL')
    const end = await endOf(victim, 'SIGKILL')
    checkCheckpoint(victim)
    if (end === 0) {
      finishPass()
      continue
    }
    result.kills++
    progress()
  }
  await endOf(start())
  finishPass()
  while (result.stops < stopsFor(runs)) {
    await stopUnderLoad()
    progress()
  }
}
