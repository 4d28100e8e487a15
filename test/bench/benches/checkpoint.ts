import type { Bench, Measurement } from '../bench.ts'
import { startChild } from '../child.ts'
import { interleave } from '../runner.ts'

const changed = 1000
const few = 1000
const warmUps = 3
const unit = 'ms'

/** Milliseconds of one checkpoint, and of packing what it packs, by itself. */
interface Parts {
  readonly whole: number
  readonly held: number
  readonly packing: number
  readonly handingOver: number
  readonly packingAlone: number
}

/** Which of so many are changed before a checkpoint, by the number of the round. */
type Choice = (total: number, round: number) => number[]

const neighbours: Choice = (total, round) =>
  Array.from({ length: changed }, (_, at) => ((round * changed) % total) + at)

/** Each as far from the next as possible, and others in each round. */
const scattered: Choice = (total, round) => {
  const stride = total / changed
  return Array.from({ length: changed }, (_, at) => Math.floor(at * stride) + (round % stride))
}

export const checkpoint: Bench = {
  name: 'checkpoint',
  about: 'a checkpoint of 1,000 changes among many entities or entries, against one among 1,000',
  async measure({ runs, entities }) {
    const rounds = { warmUps, runs: 3 * runs }
    const ofEntities = await compare('entities', entities, rounds)
    const ofEntries = await compare('entries', entities, rounds)
    const among = `${changed} among ${few}`
    const rows = (what: string, { scattered, neighbours, few }: Found): Measurement[] => {
      const row = (name: string, many: readonly Parts[], part: keyof Parts): Measurement => ({
        name,
        against: among,
        unit,
        ours: many.map((parts) => parts[part]),
        theirs: few.map((parts) => parts[part]),
      })
      return [
        { ...row(`${changed} changed ${what} among ${entities}`, scattered, 'whole'), target: { atMost: 2 } },
        row('  the same, neighbours', neighbours, 'whole'),
        row('  the sources are held', scattered, 'held'),
        row('    until the commit begins', scattered, 'packing'),
        row('    handing over to the store', scattered, 'handingOver'),
      ]
    }
    const held = (name: string, found: readonly Parts[]): Measurement => ({
      name,
      against: 'packing them alone',
      unit,
      ours: found.map((parts) => parts.held),
      theirs: found.map((parts) => parts.packingAlone),
      target: { atMost: 1.3 },
    })
    return {
      measurements: [
        ...rows('entities', ofEntities),
        held(`the sources are held, among ${few} entities`, ofEntities.few),
        held(`the sources are held, among ${entities} entities`, ofEntities.scattered),
        ...rows('entries of a StateMap', ofEntries),
      ],
      notes: [
        `an LMDB store in the directory for temporary files; ${rounds.runs} checkpoints in turn, ${warmUps} ` +
          'warm-ups each; all entities are in memory',
        'a checkpoint takes from when the sources are held until it is durable, which is the disk for the most ' +
          'part; changed are 1000 that are spread evenly over all, so that each is on a page of its own in the ' +
          'store, or neighbours, that share pages',
        'packing alone: states that lie in memory as those do through the state codec and nothing else, in the ' +
          'same process',
      ],
    }
  },
}

interface Found {
  readonly scattered: readonly Parts[]
  readonly neighbours: readonly Parts[]
  /** Among as many as are changed. */
  readonly few: readonly Parts[]
}

async function compare(kind: 'entities' | 'entries', total: number, rounds: Parameters<typeof interleave>[1]) {
  const program = new URL('../processes/checkpoints.ts', import.meta.url)
  const many = startChild(program, [kind, String(total)], ['--expose-gc'])
  const one = startChild(program, [kind, String(few)], ['--expose-gc'])
  const contestant = (child: typeof many, size: number, choice: Choice) => {
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
    return { scattered: scattered.found, neighbours: neighbours.found, few: few.found } satisfies Found
  } finally {
    await Promise.all([many.stop(), one.stop()])
  }
}
