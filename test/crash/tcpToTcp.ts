import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../examples/start/freePort.ts'
import { createRandom } from '../bench/random.ts'
import { stopsFor, type CourseOptions } from './course.ts'
import { comeTo, momentOf } from './moments.ts'
import { createNumberSender, type NumberSender } from './numberSender.ts'
import { Wrong } from './result.ts'
import { createSequenceWindowValidator, type SequenceWindowValidator } from './sequenceWindowValidator.ts'
import { endOf, startVictim, type Victim } from './victim.ts'
import { receiveWindows } from './windowReceiver.ts'

const program = 'test/crash/sequenceWindow.ts'
const last = 400_000
/** Without a new number for so long an application counts as stuck. */
const patience = 20_000

/**
 * Sequence windows over TCP with a journal, killed again and again until the last number has come out.
 *
 * TCP does not say what the other side has taken. So the sender keeps to what the receiver has seen: it is a few
 * thousand numbers ahead of that at most, and begins each connection with the number after the highest seen. What must
 * hold then:
 *
 * - A number that was seen was in the journal before it was processed, and so were all before it, since one connection
 *   brings them in order. So the state has it after any kill, from the checkpoint or from the journal. If not, the
 *   window of the next number of its parity would show that: the sender never sends the seen number again.
 * - A number that was taken and not seen is sent again, and the state drops it. If the journal has it behind the
 *   checkpoint, its window comes from there. If it is in the checkpoint, its window was handed to the system before the
 *   checkpoint was written, which delivers it although the process is gone. If the window was lost nevertheless, the
 *   next of its parity skips.
 * - After a kill windows come again from the checkpoint on, once for each parity and kill, and advance one by one from
 *   there (at least once). After a stop in order not even that (exactly once).
 */
export async function tcpToTcp({ directory, seed, runs, result, progress }: CourseOptions): Promise<void> {
  const random = createRandom(seed)
  const state = join(directory, 'state')
  const record = join(directory, 'windows.txt')
  const port = await freePort()
  let validator: SequenceWindowValidator
  let sender: NumberSender
  let wrong: string | undefined // the first thing
  let lines: string[] = []

  const note = (line: string): void => {
    lines.push(line)
  }
  const writeRecord = (): void => {
    appendFileSync(record, lines.map((line) => `${line}\n`).join(''))
    lines = []
  }
  const check = (): void => {
    writeRecord()
    if (wrong !== undefined) throw new Wrong(wrong)
  }
  const receiver = await receiveWindows(
    (line) => {
      note(line)
      const found = validator.next(line)
      if (found === undefined || wrong !== undefined) return
      wrong = found.what
      result.lost += found.lost
      result.duplicated += found.duplicated
    },
    () => {
      sender.pump()
    },
  )

  const beginPass = (): void => {
    validator = createSequenceWindowValidator('at least once')
    sender = createNumberSender(last, () => validator.highest)
    rmSync(record, { force: true })
  }

  const start = (): Victim => {
    result.runs++
    mkdirSync(state, { recursive: true })
    const victim = startVictim(
      program,
      '--in',
      `127.0.0.1:${port}`,
      '--out',
      `127.0.0.1:${receiver.port}`,
      '--state',
      state,
    )
    sender.connect(port)
    return victim
  }

  /** Nobody sends any more, and what the application had sent is looked at. */
  const settle = async (victim: Victim, signal?: NodeJS.Signals): Promise<void> => {
    await endOf(victim, signal)
    sender.disconnect()
    await receiver.drained()
    check()
  }

  const untilLast = async (victim: Victim): Promise<void> => {
    let highest = -1
    let since = performance.now()
    while (validator.end(last) !== undefined) {
      if (validator.highest > highest) {
        highest = validator.highest
        since = performance.now()
      }
      if (performance.now() - since > patience) throw new Wrong(`nothing comes after ${highest}: ${victim.stderr()}`)
      if (victim.hasEnded) throw new Wrong(`the application ended: ${victim.stderr()}`)
      await delay(5)
      check()
    }
  }

  /** Lets it come to the last number and stops it. */
  const finishPass = async (first: Victim): Promise<void> => {
    let missing: string | undefined
    let victim = first
    // Killed at the very end, it may be stopped before all has come again; the next start goes on with that.
    for (let attempt = 0; attempt < 3; attempt++) {
      await victim.begun
      await untilLast(victim)
      victim.signal('SIGTERM')
      await settle(victim)
      missing = validator.end(last)
      if (missing === undefined) break
      victim = start()
    }
    if (missing !== undefined) throw new Wrong(missing)
    result.passes++
    result.repeated += validator.repeated
    rmSync(state, { recursive: true })
    beginPass()
  }

  const kill = async (victim: Victim, why: string): Promise<void> => {
    victim.signal('SIGKILL')
    await settle(victim, 'SIGKILL')
    validator.interrupted()
    note(`# killed, ${why}`)
    result.kills++
  }

  /** Sends SIGTERM while it works, or while it replays. The start after it repeats no window, and leaves none out. */
  const stopUnderLoad = async (): Promise<void> => {
    const replays = result.stops % 2 === 1
    if (replays) {
      const before = start()
      await comeTo('work', before, state, random)
      await kill(before, 'before a stop')
    }
    const victim = start()
    await victim.begun
    await delay(random() * (replays ? 60 : 500))
    victim.signal('SIGTERM')
    await settle(victim)
    note('# stopped')
    result.stops++
  }

  beginPass()
  try {
    while (result.kills < runs) {
      const victim = start()
      const moment = momentOf(result.kills)
      await Promise.race([comeTo(moment, victim, state, random), untilLast(victim).catch(() => undefined)])
      check()
      if (validator!.end(last) === undefined) {
        await finishPass(victim)
        continue
      }
      await kill(victim, moment)
      progress()
    }
    await finishPass(start())
    while (result.stops < stopsFor(runs)) {
      await stopUnderLoad()
      progress()
    }
    await finishPass(start())
  } finally {
    writeRecord()
    receiver.close()
    sender!.disconnect()
  }
}
