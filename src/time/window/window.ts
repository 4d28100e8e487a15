import { invalidOption, knownOptions } from '../../base/option.ts'

/**
 * Windows of one size, each beginning where the one before ends, or overlapping: of {@link tumbling} and {@link
 * sliding}.
 */
export interface AlignedWindow {
  readonly kind: 'tumbling' | 'sliding'
  readonly size: number
  readonly every: number
  readonly offset: number
}

/** Windows that silence ends: of {@link session}. */
export interface SessionWindow {
  readonly kind: 'session'
  readonly gap: number
}

/** Windows of a number of messages: of {@link counted}. */
export interface CountedWindow {
  readonly kind: 'counted'
  readonly size: number
  readonly every: number
}

/** Which windows the messages of an entity belong to. */
export type WindowDefinition = AlignedWindow | SessionWindow | CountedWindow

/** Of {@link tumbling}. */
export interface TumblingOptions {
  /** How long a window is, in whole ms. */
  readonly size: number
  /** A window begins this long after 1970, in whole ms, and at each multiple of `size` from there. Default: 0 */
  readonly offset?: number | undefined
}

/** Of {@link sliding}. */
export interface SlidingOptions extends TumblingOptions {
  /** How long after the beginning of a window the next one begins, in whole ms, at most `size`. */
  readonly every: number
}

/** Of {@link session}. */
export interface SessionOptions {
  /** How long nothing must have come for the session to be over, in whole ms. */
  readonly gap: number
}

/** Of {@link counted}. */
export interface CountedOptions {
  /** How many messages a window has. */
  readonly size: number
  /** After how many messages the next window begins, at most `size`. Default: `size` */
  readonly every?: number | undefined
}

/**
 * Windows of one size, one after the other: `[start, end)`, so that a message exactly at the end belongs to the next
 * one. Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { minutes, tumbling } from 'wallarx'
 *
 * assert.deepEqual(tumbling({ size: minutes(1) }), { kind: 'tumbling', size: 60_000, every: 60_000, offset: 0 })
 * assert.throws(() => tumbling({ size: 0 }), { code: 'OPTION_INVALID' })
 * ```
 */
export function tumbling(options: TumblingOptions): AlignedWindow {
  const { size, offset = 0 } = knownOptions('tumbling', options, { size: true, offset: true })
  return { kind: 'tumbling', size: length('size', size), every: size, offset: shift(offset) }
}

/**
 * Windows of one size that overlap, one beginning `every` so many milliseconds: a message belongs to `size / every` of
 * them. Where the aggregate has a `merge`, their messages are added up once for all of them. Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { hours, minutes, sliding } from 'wallarx'
 *
 * const lastHour = sliding({ size: hours(1), every: minutes(1) })
 * assert.equal(lastHour.every, 60_000)
 * assert.throws(() => sliding({ size: 10, every: 11 }), { code: 'OPTION_INVALID' })
 * ```
 */
export function sliding(options: SlidingOptions): AlignedWindow {
  const { size, every, offset = 0 } = knownOptions('sliding', options, { size: true, every: true, offset: true })
  length('size', size)
  return { kind: 'sliding', size, every: step(every, size), offset: shift(offset) }
}

/**
 * Windows that grow while messages come less than `gap` apart, and end when nothing has come for so long: `[first, last
 * + gap)`. An aggregate for them has a `merge`, for a message that joins two. Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { minutes, session } from 'wallarx'
 *
 * assert.deepEqual(session({ gap: minutes(30) }), { kind: 'session', gap: 1_800_000 })
 * ```
 */
export function session(options: SessionOptions): SessionWindow {
  const { gap } = knownOptions('session', options, { gap: true })
  return { kind: 'session', gap: length('gap', gap) }
}

/**
 * Windows of so many messages of a key, whenever they come: the first is `[0, size)`, the next begins at message
 * `every`. What is not full when every source has completed is closed as it is. Throws `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { counted } from 'wallarx'
 *
 * assert.deepEqual(counted({ size: 100 }), { kind: 'counted', size: 100, every: 100 })
 * ```
 */
export function counted(options: CountedOptions): CountedWindow {
  const { size, every = size } = knownOptions('counted', options, { size: true, every: true })
  length('size', size)
  return { kind: 'counted', size, every: step(every, size) }
}

function length(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw invalidOption(option, 'a whole number from 1', value)
  return value
}

function step(every: number, size: number): number {
  if (!Number.isSafeInteger(every) || every < 1 || every > size) {
    throw invalidOption('every', `a whole number from 1 to the size, ${size}`, every)
  }
  return every
}

function shift(offset: number): number {
  if (!Number.isSafeInteger(offset)) throw invalidOption('offset', 'a whole number', offset)
  return offset
}
