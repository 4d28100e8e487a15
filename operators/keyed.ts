import type { KeyFunction } from '../src/key.ts'
import type { StatePartition } from '../src/statePartition.ts'

/** A key function for this use of the state partition, in place of the partition's own. */
export interface KeyOption<In> {
  readonly key: KeyFunction<In>
}

/** A state partition that brings its key function. */
export type Keyed<In, State> = StatePartition<In, State> & { readonly key: KeyFunction<In> }
