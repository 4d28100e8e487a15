import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../examples/start/freePort.ts'
import { createRandom } from '../bench/random.ts'
import { compareLines } from './compareLines.ts'
import { stopsFor, type CourseOptions } from './course.ts'
import { comeTo, momentOf } from './moments.ts'
import { Wrong } from './result.ts'
import { createText } from './text.ts'
import { endOf, startVictim, type Victim } from './victim.ts'

const program = 'test/crash/acknowledgedApplication.ts'
const lines = 20_000
/** In ms: so long an undisturbed sender may take to its end. */
const patience = 120_000

/**
 * Application A counts the words of a file and sends the counts to application B, which counts the words of those, each
 * with a store, both killed again and again until A has come to its end: what B has written is, byte for byte, what it
 * writes when nobody is killed.
 */
export async function acknowledged({ directory, seed, runs, result, progress }: CourseOptions): Promise<void> {
  const random = createRandom(seed)
  const input = join(directory, 'input.txt')
  const output = join(directory, 'output.txt')
  const states = { a: join(directory, 'a'), b: join(directory, 'b') }
  writeFileSync(input, createText(seed, lines))
  let port = await freePort()

  const startA = (): Victim => {
    result.runs++
    mkdirSync(states.a, { recursive: true })
    return startVictim(program, '--in', input, '--to', String(port), '--state', states.a)
  }
  const startB = (): Victim => {
    result.runs++
    mkdirSync(states.b, { recursive: true })
    return startVictim(program, '--from', String(port), '--out', output, '--state', states.b)
  }

  /** A has come to its end; B is stopped, and begun anew. */
  const finish = async (a: Victim, b: Victim): Promise<Buffer> => {
    await Promise.all([a.begun, b.begun]) // B may have been started anew a moment ago
    const late = setTimeout(() => {
      a.signal('SIGKILL')
    }, patience)
    const end = await a.ended
    clearTimeout(late)
    if (end !== 0) throw new Wrong(`A ended with ${String(end)}: ${a.stderr()}\nB: ${b.stderr()}`)
    b.signal('SIGTERM')
    await endOf(b)
    const written = readFileSync(output)
    for (const path of [output, states.a, states.b]) rmSync(path, { recursive: true })
    port = await freePort()
    return written
  }
  const reference = await finish(startA(), startB())

  const finishPass = async (a: Victim, b: Victim): Promise<void> => {
    const written = await finish(a, b)
    const { lost, duplicated, at } = compareLines(written, reference)
    result.lost += lost
    result.duplicated += duplicated
    if (at !== undefined) {
      throw new Wrong(`the output differs from byte ${at} on: ${lost} lines are missing, ${duplicated} are too many`)
    }
    result.passes++
  }

  const kill = async (victim: Victim): Promise<void> => {
    victim.signal('SIGKILL')
    await endOf(victim, 'SIGKILL')
  }

  let a = startA()
  let b = startB()
  while (result.kills < runs) {
    const who = (['a', 'b', 'both'] as const)[Math.floor(3 * random())]!
    const [victim, state] = who === 'b' ? [b, states.b] : [a, states.a]
    await Promise.race([comeTo(momentOf(result.kills), victim, state, random), a.ended])
    if (b.hasEnded) throw new Wrong(`B ended: ${b.stderr()}`)
    if (a.hasEnded) {
      await finishPass(a, b)
      a = startA()
      b = startB()
      continue
    }
    await Promise.all([who === 'b' || kill(a), who === 'a' || kill(b)])
    if (who !== 'b' && a.end === 'SIGKILL') a = startA()
    if (who !== 'a') b = startB()
    result.kills++
    progress()
  }
  await finishPass(a, b)
  while (result.stops < stopsFor(runs)) {
    a = startA()
    b = startB()
    await Promise.all([a.begun, b.begun])
    await delay(random() * 500)
    const [first, second] = random() < 0.5 ? [a, b] : [b, a]
    first.signal('SIGTERM')
    await endOf(first)
    second.signal('SIGTERM')
    await endOf(second)
    await finishPass(startA(), startB())
    result.stops++
    progress()
  }
}
