import { watch } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isCompiled, type Victim } from './victim.ts'

/** When an application is killed: before its store is open, after that, within a commit, at work. */
export type Moment = 'start-up' | 'recovery' | 'checkpoint' | 'work'

/** In ms: about how long a start takes. */
const startUp = isCompiled ? 200 : 600

// Two start-ups after each other: several kills in a row without progress are a case of their own.
const round: readonly Moment[] = ['work', 'checkpoint', 'recovery', 'start-up', 'start-up', 'checkpoint', 'work']

/** The moments in their order, each kind as often as the round has it. */
export const momentOf = (kill: number): Moment => round[kill % round.length]!

/** Waits until a victim has come to the moment, or has ended. */
export async function comeTo(
  moment: Moment,
  victim: Victim,
  stateDirectory: string,
  random: () => number,
): Promise<void> {
  if (moment === 'start-up') {
    await Promise.race([delay(random() * startUp), victim.begun])
    return
  }
  await victim.begun
  if (moment === 'recovery') await Promise.race([delay(random() * 40), victim.ended])
  else if (moment === 'work') await Promise.race([delay(40 + random() * 500), victim.ended])
  else {
    await Promise.race([delay(random() * 300), victim.ended])
    await nextCommit(victim, stateDirectory)
    if (random() < 0.5) await Promise.race([delay(1 + random() * 3), victim.ended])
  }
}

/** Waits for a write to the log, which is a commit, or to the data file, which takes over what was committed. */
async function nextCommit(victim: Victim, stateDirectory: string): Promise<void> {
  const watcher = watch(stateDirectory)
  const written = new Promise<void>((resolve) => {
    watcher.on('change', (_event, file) => {
      if (/^(data\.mdb|log-\d+)$/.test(String(file))) resolve()
    })
  })
  await Promise.race([written, victim.ended, delay(5000)])
  watcher.close()
}
