import { startChild, type Child } from './child.ts'
import { interleave, type Rounds } from './runner.ts'

/** So many are changed before each checkpoint. */
export const changed = 1000
/** Among so few the same are changed. */
export const few = 1000

/** Milliseconds of one checkpoint, and of packing what it packs, by itself. */
export interface Parts {
  readonly whole: number
  readonly held: number
  readonly packing: number
  readonly handingOver: number
  readonly packingAlone: number
}

/** The checkpoints of each. */
export interface Found {
  readonly scattered: readonly Parts[]
  readonly neighbours: readonly Parts[]
  /** Among as many as are changed. */
  readonly few: readonly Parts[]
}

/** What is changed: entities, entries of a StateMap, or timers of entities. */
export type Kind = 'entities' | 'entries' | 'timers'

/** Which of so many are changed before a checkpoint, by the number of the round. */
type Choice = (total: number, round: number) => number[]

const neighbours: Choice = (total, round) =>
  Array.from({ length: changed }, (_, at) => ((round * changed) % total) + at)

/** Each as far from the next as possible, and others in each round. */
const scattered: Choice = (total, round) => {
  const stride = total / changed
  return Array.from({ length: changed }, (_, at) => Math.floor(at * stride) + (round % stride))
}

/** Takes checkpoints of changes among `total` and among few, in turn. */
export async function compareCheckpoints(kind: Kind, total: number, rounds: Rounds): Promise<Found> {
  const program = new URL('./processes/checkpoints.ts', import.meta.url)
  const many = startChild(program, [kind, String(total)], ['--expose-gc'])
  const one = startChild(program, [kind, String(few)], ['--expose-gc'])
  const contestant = (child: Child, size: number, choice: Choice) => {
    const found: Parts[] = []
    let round = 0
    return {
      found,
      async run() {
        const parts = await child.ask<Parts>('checkpoint', choice(size, round++))
        if (round > rounds.warmUps) found.push(parts)
        return parts.whole
      },
    }
  }
  const contestants = {
    scattered: contestant(many, total, scattered),
    neighbours: contestant(many, total, neighbours),
    few: contestant(one, few, neighbours),
  }
  try {
    await many.ask('start')
    await one.ask('start')
    await interleave(contestants, rounds)
    const { scattered, neighbours, few } = contestants
    return { scattered: scattered.found, neighbours: neighbours.found, few: few.found }
  } finally {
    await Promise.all([many.stop(), one.stop()])
  }
}
