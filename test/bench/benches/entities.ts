import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'

export const entities: Bench = {
  name: 'entities',
  about: 'memory of entities that are idle',
  async measure({ entities }) {
    const child = startChild(
      new URL('../processes/idleEntities.ts', import.meta.url),
      [String(entities)],
      ['--expose-gc'],
    )
    try {
      return {
        measurements: [
          {
            name: 'an idle entity beyond its state',
            unit: 'bytes',
            ours: [await child.ask<number>('bytesForEach')],
            target: { atMost: 64 },
          },
        ],
        notes: [
          `growth of heap and array buffers after garbage collection over ${entities} entities made by ` +
            'toStatePartition, with a small number as state',
        ],
      }
    } finally {
      await child.stop()
    }
  },
}
