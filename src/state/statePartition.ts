import { invalidOption, knownOptions, type OptionNames, wholeNumber } from '../base/option.ts'
import { WallarxError } from '../base/errors.ts'
import type { Key, KeyFunction } from '../key/key.ts'
import type { Serde } from './serde.ts'

/** The `run` that has the state partition open, if one has. */
export const openUnder = Symbol('wallarx.openUnder')
/** The windows that the states of a state partition are of, if they are. */
export const windowsKept = Symbol('wallarx.windowsKept')
/** Whether a step lives by time with it: it has timers, windows, or entities that expire. */
export const livesByTime = Symbol('wallarx.livesByTime')

/** What a store remembers of the windows in it. */
export interface WindowsKept {
  /** As people read it. */
  readonly windows: string
  /** Other windows cannot go on with them, whatever the version. */
  readonly fixed: boolean
}

/**
 * A named family of entities. `In` is what its key function accepts; a state partition without a key function gets one
 * where it is used (`toStatePartition(…, { key })`), or is one entity (`toState`).
 */
export interface StatePartition<in In, State> {
  readonly name: string
  /** See {@link StatePartitionOptions.build}. */
  readonly build: () => State
  readonly key?: KeyFunction<In> | undefined
  readonly keys?: readonly Key[] | undefined
  readonly cache?: number | undefined
  readonly serde?: Serde<State> | undefined
  readonly version: number
  readonly expireAfter?: number | undefined
  /** See {@link StatePartitionOptions.migrate}. */
  readonly migrate?: ((state: unknown, fromVersion: number) => State) | undefined
  /** The run that has it open. @internal */
  [openUnder]: string | undefined
  /** @internal */
  [windowsKept]?: WindowsKept
  /** @internal */
  [livesByTime]?: boolean
}

/** What the entities of a state partition are. */
export interface StatePartitionOptions<State> {
  /** Makes the state of a new entity. */
  readonly build: () => State
  /** The only keys there are: these entities exist from the start. Default: an entity is made on first use. */
  readonly keys?: Iterable<Key> | undefined
  /**
   * How many entities stay in memory under a `run` with a store: at each checkpoint those that were not used lately
   * leave it, and come back from the store on use. Up to twice as many may be there in between, and as many more as one
   * chunk brings. Default: all
   */
  readonly cache?: number | undefined
  /**
   * In ms: an entity is gone when the step that uses it has a time so far past the greatest time of the entity's
   * messages; what comes for its key later finds a new one. When the source has completed, all are gone. See `onExpire`
   * of a state computation. Each message costs about as much as one that sets a timer. Default: never
   */
  readonly expireAfter?: number | undefined
  /**
   * How states are packed for a store. Default: as they are, for which a state is made of primitives, plain objects,
   * arrays, Map, Set, StateMap, StateSet, Date, RegExp, Buffer, ArrayBuffer and typed arrays, an object that stands in
   * it twice or contains itself included. An instance of any other class needs a serde. Anything else, and any property
   * but elements and those of plain objects that are enumerable, does not belong in a state.
   */
  readonly serde?: Serde<State> | undefined
  /** Counts up each time that states get another form, a whole number from 1. Stored with them. Default: 1. */
  readonly version?: number | undefined
  /**
   * Makes a state of this version from one that was stored by `fromVersion`, a lower one; it may change and return that
   * one. Called when the entity is restored, for each entity that was stored by another version. Without it a state of
   * another version cannot be restored.
   */
  readonly migrate?: ((state: unknown, fromVersion: number) => State) | undefined
}

const known: OptionNames<StatePartitionOptions<never> & { readonly key?: unknown }> = {
  build: true,
  key: true,
  keys: true,
  cache: true,
  expireAfter: true,
  serde: true,
  version: true,
  migrate: true,
}

/**
 * Names a family of entities: one state for each key. The name is what the state is known by in errors, status and,
 * with a store, on disk. Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 *
 * const totals = statePartition('totals', {
 *   key: (sale: { shop: number }) => sale.shop,
 *   build: () => ({ sum: 0 }),
 * })
 * assert.equal(totals.name, 'totals')
 * ```
 */
export function statePartition<In, State>(
  name: string,
  options: StatePartitionOptions<State> & {
    /** Finds the key of a message: a bigint in [0, 2^64) or a non-negative safe integer. */
    readonly key: KeyFunction<In>
  },
): StatePartition<In, State> & { readonly key: KeyFunction<In> }
export function statePartition<State>(
  name: string,
  options: StatePartitionOptions<State>,
): StatePartition<unknown, State>
export function statePartition<In, State>(
  name: string,
  options: StatePartitionOptions<State> & { readonly key?: KeyFunction<In> },
): StatePartition<In, State> {
  if (typeof name !== 'string' || name === '') {
    throw invalidOption('the name of a state partition', 'a string that is not empty', name)
  }
  const {
    build,
    key,
    keys,
    cache,
    expireAfter,
    serde,
    version = 1,
    migrate,
  } = knownOptions('statePartition', options, known)
  const where = { partition: name }
  if (typeof build !== 'function') throw invalidOption('build', 'a function', build, where)
  if (key !== undefined && typeof key !== 'function') throw invalidOption('key', 'a function', key, where)
  if (serde !== undefined && (typeof serde?.serialize !== 'function' || typeof serde.deserialize !== 'function')) {
    throw invalidOption('serde', 'an object with the methods serialize and deserialize', serde, where)
  }
  if (cache !== undefined) wholeNumber('cache', cache, 1)
  if (expireAfter !== undefined && !(expireAfter > 0 && expireAfter < Infinity)) {
    throw invalidOption('expireAfter', 'milliseconds above 0', expireAfter, where)
  }
  wholeNumber('version', version, 1)
  if (migrate !== undefined && typeof migrate !== 'function')
    throw invalidOption('migrate', 'a function', migrate, where)
  return {
    name,
    build,
    key,
    keys: keys && [...keys],
    cache,
    expireAfter,
    serde,
    version,
    migrate,
    [openUnder]: undefined,
  }
}

export function inUse(partition: StatePartition<never, unknown>): WallarxError {
  return new WallarxError('STATE_PARTITION_IN_USE', {
    expected: 'a state partition that no run has open, or a subscription inside that run',
    got: `one that is open under ${String(partition[openUnder])}`,
    where: { partition: partition.name },
  })
}
