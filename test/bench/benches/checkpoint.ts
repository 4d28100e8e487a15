import type { Bench, Measurement } from '../bench.ts'
import { changed, compareCheckpoints, few, type Found, type Parts } from '../checkpoints.ts'

const warmUps = 3
const unit = 'ms'

export const checkpoint: Bench = {
  name: 'checkpoint',
  about: 'a checkpoint of 1,000 changes among many entities or entries, against one among 1,000',
  async measure({ runs, entities }) {
    const rounds = { warmUps, runs: 3 * runs }
    const ofEntities = await compareCheckpoints('entities', entities, rounds)
    const ofEntries = await compareCheckpoints('entries', entities, rounds)
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
      target: { atMost: 1.2 },
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
