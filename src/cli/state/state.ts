/* `wallarx state`: what a store has, also beside the process that owns it; backups out of it and into it. */

import { parseArgs } from 'node:util'
import type { Command } from '../command.ts'
import { exportStore } from './export.ts'
import { importStore } from './import.ts'
import { printEntities } from './entities.ts'
import { printOverview } from './overview.ts'
import { UsageError } from '../failure.ts'

const help = `wallarx state: shows what an application keeps in a store, and makes backups of it

  wallarx state DIR                    the application, its last checkpoint, positions, and state partitions with how
                                       many timers they have and the next of these
  wallarx state DIR --partition NAME   the entities of a state partition, in the order of their keys
  wallarx state export DIR FILE        writes the whole store as of its last checkpoint to a file
  wallarx state import DIR FILE        makes a store of such a file

  DIR                  the directory of the store; ./export for one that is called export
  FILE                 a file that is not there yet, or for import one that is; - for standard output or input

  --partition NAME     the entities of this state partition
  --key K              only this one, a whole number
  --json               as JSON; the entities one a line. In a state, a bigint is a string, a Map or StateMap an array of
                       [key, value], a Set or StateSet an array, a Date ISO text, bytes are hex
  --help               this text

The store is only read, also beside the application while it runs. Entities come one at a time, in constant memory but
for the largest. A state that is packed with a serde is shown as its bytes, in hex. Below an entity stand its windows
that are open, its timers, and when it expires; times in JSON are in ms since 1970.

export is consistent whatever the application does meanwhile. import checks the whole file before there is a store; DIR
must not be there or be empty. A journal that an application keeps beside the store, as word count does in DIR/journal,
is not part of a backup.

Exit code: 0 when it is done, 1 when it could not be, 2 for wrong arguments, 130 after Ctrl-C.`

/** `wallarx state` */
export const state: Command = {
  help,
  run: runState,
}

async function runState(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      partition: { type: 'string' },
      key: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const { partition, key, json } = values
  const [first] = positionals
  if (first === 'export' || first === 'import') {
    if (partition !== undefined || key !== undefined || json) {
      throw new UsageError(`${first} takes the whole store, without --partition, --key and --json`)
    }
    const [, directory, file, ...more] = positionals
    if (directory === undefined || file === undefined || directory === '' || file === '') {
      throw new UsageError(`${first} wants DIR and FILE`)
    }
    if (more.length > 0) throw new UsageError(`expected DIR and FILE, got "${more[0]!}" too`)
    return first === 'export' ? exportStore(directory, file) : importStore(directory, file)
  }
  if (first === undefined || first === '') throw new UsageError('DIR is missing, the directory of a store')
  if (positionals.length > 1) throw new UsageError(`expected DIR, got "${positionals[1]!}" too`)
  if (key !== undefined && partition === undefined) throw new UsageError('--key needs --partition')
  if (partition === undefined) await printOverview(first, { json })
  else await printEntities(first, { partition, key: key === undefined ? undefined : keyOption(key), json })
  return 0
}

function keyOption(text: string): bigint {
  const key = /^\d+$/.test(text) ? BigInt(text) : -1n
  if (key < 0n || key >= 2n ** 64n) throw new UsageError(`--key wants a whole number below 2^64, not "${text}"`)
  return key
}
