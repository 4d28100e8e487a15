import { placeOf } from '../../cluster/shard.ts'
import type { NewRecord } from '../client.ts'
import { outOfRange, refuse, type Output } from './output.ts'

/** Gives records their partitions. */
export interface Placing {
  /** Where it has none, gives it one. `false`: it was refused. Throws where that is no dead letter. */
  readonly place: (output: Output, partitions: number) => output is NewRecord & Output
}

export function createPlacing(): Placing {
  let turn = 0
  return {
    place(output, partitions): output is NewRecord & Output {
      const { key, partition } = output
      if (partition === undefined) {
        output.partition = key === null ? turn++ % partitions : placeOf(key, partitions)
        return true
      }
      if (partition < partitions) return true
      refuse(output, outOfRange(output, partitions))
      return false
    },
  }
}
