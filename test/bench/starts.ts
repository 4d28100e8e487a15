import { join } from 'node:path'
import { startChild } from './child.ts'
import { interleave, type Rounds } from './runner.ts'
import { createScratch } from './scratch.ts'

const program = new URL('./processes/restart.ts', import.meta.url)

/** What a store has before a start. */
export interface Filling {
  readonly entities: number
  /** So many of them have a timer that is far away. Absent: the pipeline has no timers */
  readonly timers?: number
}

/** Milliseconds from the start to the first message, with each of these stores, in turn. */
export async function compareStarts<Names extends string>(
  stores: Readonly<Record<Names, Filling>>,
  rounds: Rounds,
): Promise<Record<Names, number[]>> {
  const scratch = createScratch()
  const contestants = {} as Record<Names, { run(): Promise<number> }>
  for (const [name, filling] of Object.entries<Filling>(stores) as [Names, Filling][]) {
    const args = [join(scratch, name), ...(filling.timers === undefined ? [] : ['timers'])]
    const filler = startChild(program, args)
    try {
      await filler.ask('fill', filling)
    } finally {
      await filler.stop()
    }
    contestants[name] = { run: () => startOnce(args, filling) }
  }
  return interleave(contestants, rounds)
}

/** Starts a new process, sends a message to one of the stored entities. */
async function startOnce(args: readonly string[], { entities }: Filling): Promise<number> {
  const child = startChild(program, args)
  const number = Math.floor(entities / 2) + 1 // so that its first booking makes a balance above 0
  try {
    const { milliseconds, output } = await child.ask<{ milliseconds: number; output: number }>('start', number)
    // It was booked once when the store was filled, so a state that was not restored shows.
    if (!(output > 1.5 * ((number % 1000) / 100))) throw new Error(`the entity was not restored: ${output}`)
    return milliseconds
  } finally {
    await child.stop()
  }
}
