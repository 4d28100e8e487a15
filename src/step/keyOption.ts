import { WallarxError } from '../base/errors.ts'
import type { KeyFunction } from '../key/key.ts'
import type { StatePartition } from '../state/statePartition.ts'

/** A key function for this use of the state partition, in place of the partition's own. */
export interface KeyOption<In> {
  readonly key: KeyFunction<In>
}

/** A state partition that brings its key function. */
export type Keyed<In, State> = StatePartition<In, State> & { readonly key: KeyFunction<In> }

/** The key function of one use of a state partition. Throws `STATE_PARTITION_WITHOUT_KEY`. */
export function keyFor<In>(
  partition: StatePartition<never, unknown>,
  own: KeyFunction<In> | undefined,
): KeyFunction<In> {
  const key = own ?? (partition.key as KeyFunction<In> | undefined)
  if (key !== undefined) return key
  throw new WallarxError('STATE_PARTITION_WITHOUT_KEY', {
    expected: 'a key function, in statePartition(name, { key }) or as the option { key } of the operator',
    got: 'none (one entity without a key is what toState is for)',
    where: { partition: partition.name },
  })
}
