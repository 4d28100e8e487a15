import { invalidOption, knownOptions, wholeNumber, type OptionNames } from '../../base/option.ts'
import type { KeyFunction } from '../../key/key.ts'
import {
  statePartition,
  windowsKept,
  type StatePartition,
  type StatePartitionOptions,
} from '../../state/statePartition.ts'
import type { LatePolicy } from '../late.ts'
import { keptOf, migrateWindows, windowsSerde } from './stored.ts'
import { noWindows, type OpenWindows, type WindowSettings } from './options.ts'
import type { WindowDefinition } from './window.ts'

/** Where a state partition has its windows. */
export const windowsOf = Symbol('wallarx.windowsOf')

/** A state partition whose entities have a state for each of their windows: of {@link windowed}. */
export interface WindowedPartition<
  in In,
  State,
  Window extends WindowDefinition = WindowDefinition,
  Late = never,
> extends StatePartition<In, OpenWindows<State>> {
  readonly key: KeyFunction<In>
  /** @internal */
  readonly [windowsOf]: WindowSettings<In, State, Late, Window>
}

/** What windows there are, and what becomes of late messages. Times are whole milliseconds. */
export interface WindowedOptions<In, State, Window extends WindowDefinition, Late> extends Omit<
  StatePartitionOptions<State>,
  'expireAfter'
> {
  /** Finds the key of a message: a bigint in [0, 2^64) or a non-negative safe integer. */
  readonly key: KeyFunction<In>
  /** Of `tumbling`, `sliding`, `session` or `counted`. */
  readonly window: Window
  /** Makes the state of a new window. */
  readonly build: () => State
  /**
   * How long a closed window is kept: a message that comes so late gives its output again, with `correction: true`.
   * Price: memory for that long. Not with `session` and `counted`. Default: 0
   */
  readonly lateness?: number | undefined
  /**
   * What becomes of a message that no window takes any more: with `'drop'` it only counts; a function gives what goes
   * on in its place. Default: it is bad input, `MESSAGE_LATE`. Not with `counted`.
   */
  readonly late?: LatePolicy<In, Late> | undefined
  /** With `'change'` a window gives its output after each message too, with `early: true`. Default: `'close'` */
  readonly emit?: 'close' | 'change' | undefined
}

const known: OptionNames<WindowedOptions<never, never, never, never>> = {
  window: true,
  build: true,
  key: true,
  keys: true,
  cache: true,
  serde: true,
  version: true,
  migrate: true,
  lateness: true,
  late: true,
  emit: true,
}

/**
 * Names a family of entities, as `statePartition` does, whose states are one for each window: what `build`, `serde` and
 * `migrate` say is of the state of a window. `toWindows` computes with it. Windows that are open are in the checkpoint,
 * and go on after a crash; an entity without any is gone. Where a program has other windows than the store, it does not
 * start (`WINDOW_CHANGED`). Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { hashOf, minutes, tumbling, windowed } from 'wallarx'
 *
 * const perMinute = windowed('words per minute', {
 *   key: hashOf((word: { text: string }) => word.text),
 *   window: tumbling({ size: minutes(1) }),
 *   build: () => ({ count: 0 }),
 * })
 * assert.equal(perMinute.name, 'words per minute')
 * ```
 */
export function windowed<In, State, Window extends WindowDefinition, Late = never>(
  name: string,
  options: WindowedOptions<In, State, Window, Late>,
): WindowedPartition<In, State, Window, Late> {
  const {
    window,
    build,
    key,
    keys,
    cache,
    serde,
    version,
    migrate,
    lateness = 0,
    late,
    emit = 'close',
  } = knownOptions('windowed', options, known)
  const where = { partition: name }
  if (!['tumbling', 'sliding', 'session', 'counted'].includes((window as Window | undefined)?.kind as string)) {
    throw invalidOption('window', 'what tumbling, sliding, session or counted gives', window, where)
  }
  if (typeof key !== 'function') throw invalidOption('key', 'a function', key, where)
  if (typeof build !== 'function') throw invalidOption('build', 'a function', build, where)
  wholeNumber('lateness', lateness, 0)
  if (lateness > 0 && (window.kind === 'session' || window.kind === 'counted')) {
    const cure = window.kind === 'session' ? '; outOfOrder of eventTime lets sessions wait' : ''
    throw invalidOption('lateness', `absent with ${window.kind} windows${cure}`, lateness, where)
  }
  if (late !== undefined && late !== 'drop' && typeof late !== 'function') {
    throw invalidOption('late', "'drop' or a function", late, where)
  }
  if (late !== undefined && window.kind === 'counted') {
    throw invalidOption('late', 'absent with counted windows, for which nothing is late', late, where)
  }
  if (emit !== 'close' && emit !== 'change') throw invalidOption('emit', "'close' or 'change'", emit, where)
  if (migrate !== undefined && typeof migrate !== 'function')
    throw invalidOption('migrate', 'a function', migrate, where)
  const shared = { keys, cache, version, build: noWindows as () => OpenWindows<State> }
  const partition = statePartition<In, OpenWindows<State>>(name, {
    ...shared,
    serde: serde === undefined ? undefined : windowsSerde(serde),
    migrate: migrate === undefined ? undefined : migrateWindows(migrate),
    key,
  })
  return Object.assign(partition, {
    [windowsKept]: keptOf(window, false),
    [windowsOf]: { window, build, lateness, late, emit },
  })
}
