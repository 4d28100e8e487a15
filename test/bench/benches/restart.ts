import type { Bench } from '../bench.ts'
import { compareStarts } from '../starts.ts'

const few = 1000

export const restart: Bench = {
  name: 'restart',
  about: 'from the start to the first message, with many entities in the store and with 1,000',
  async measure({ runs, entities, quick }) {
    const found = await compareStarts({ many: { entities }, few: { entities: few } }, { warmUps: 1, runs, quick })
    return {
      measurements: [
        {
          name: `start to first message, ${entities} stored entities`,
          against: `${few} stored entities`,
          unit: 'ms',
          ours: found.many,
          theirs: found.few,
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
