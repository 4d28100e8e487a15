import type { Bench, Measurement } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'
import { millionsPerSecond } from '../throughput.ts'

const kinds = [
  { kind: 'byte keys', name: '64-bit keys read from 8 bytes', against: 'Map<bigint>', target: { atLeast: 3 } },
  { kind: 'bigint keys', name: '64-bit keys that are bigints', against: 'Map<bigint>', target: { atLeast: 3 } },
  { kind: 'small keys', name: 'small integer keys', against: 'Map<number>', target: undefined },
] as const

export const lookup: Bench = {
  name: 'lookup',
  about: 'finding the entity of a key',
  async measure({ runs, keys, quick }) {
    const measurements: Measurement[] = []
    for (const { kind, name, against, target } of kinds) {
      const table = `${kind}: table` as const
      const map = `${kind}: map` as const
      const found = await compareTrials([table, map], keys, { warmUps: 2, runs, quick }, { sameOutput: false })
      measurements.push({
        name,
        against,
        unit: 'M lookups/s',
        ours: millionsPerSecond(found[table]),
        theirs: millionsPerSecond(found[map]),
        ...(target && { target }),
      })
    }
    return {
      measurements,
      notes: [`${keys} entities, found in random order; reading the key from the message included`],
    }
  },
}
