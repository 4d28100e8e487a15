import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { interleave } from '../runner.ts'
import { createScratch } from '../scratch.ts'

const few = 1000
const program = new URL('../processes/restart.ts', import.meta.url)

export const restart: Bench = {
  name: 'restart',
  about: 'from the start to the first message, with many entities in the store and with 1,000',
  async measure({ runs, entities }) {
    const scratch = createScratch()
    const contestant = async (total: number) => {
      const directory = join(scratch, String(total))
      const filler = startChild(program, [directory])
      try {
        await filler.ask('fill', total)
      } finally {
        await filler.stop()
      }
      return { run: () => startOnce(directory, total) }
    }
    const contestants = { many: await contestant(entities), few: await contestant(few) }
    const { many, few: fewer } = await interleave(contestants, { warmUps: 1, runs })
    return {
      measurements: [
        {
          name: `start to first message, ${entities} stored entities`,
          against: `${few} stored entities`,
          unit: 'ms',
          ours: many,
          theirs: fewer,
          target: { atMost: 2 },
        },
      ],
      notes: [
        'from the call of run to the output of a message whose entity is read from an LMDB store; each start in a ' +
          'new process, without the time that Node takes to start and to load modules other than lmdb; the store is ' +
          'in the page cache',
      ],
    }
  },
}

/** Starts a new process, sends a message to one of the stored entities. */
async function startOnce(directory: string, total: number): Promise<number> {
  const child = startChild(program, [directory])
  const number = Math.floor(total / 2) + 1 // so that its first booking makes a balance above 0
  try {
    const { milliseconds, output } = await child.ask<{ milliseconds: number; output: number }>('start', number)
    // It was booked once when the store was filled, so a state that was not restored shows.
    if (!(output > 1.5 * ((number % 1000) / 100))) throw new Error(`the entity was not restored: ${output}`)
    return milliseconds
  } finally {
    await child.stop()
  }
}
