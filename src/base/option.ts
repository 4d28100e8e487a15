import { WallarxError, type Where } from './errors.ts'
import { shown } from './shown.ts'

/** `OPTION_INVALID`, thrown where something is built from a wrong option. */
export function invalidOption(option: string, expected: string, got: unknown, where?: Where): WallarxError {
  return new WallarxError('OPTION_INVALID', {
    expected: `${option} to be ${expected}`,
    got: shown(got),
    ...(where && { where }),
  })
}

/** Checks an option that is a whole number of at least `least`; returns it. */
export function wholeNumber(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw invalidOption(option, `a whole number from ${least}`, value)
  return value
}

/** The longest time a timer takes, in milliseconds, some 24 days; one that is set for longer fires at once. */
export const longestTimer = 2 ** 31 - 1

/** Checks an option that is a time to wait, in whole milliseconds; returns it. */
export function timerLength(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > longestTimer) {
    throw invalidOption(option, `whole milliseconds from 0 to ${longestTimer}`, value)
  }
  return value
}

/** The names of all options of one type. An option that is added to the type and not here does not compile. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Returns the options of `of` when each of them is one that it knows; what nobody looks at must not stand there as if
 * somebody did. Throws `OPTION_INVALID` with the nearest name that there is.
 */
export function knownOptions<Options extends object>(
  of: string,
  options: Options,
  names: OptionNames<Options>,
): Options {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(`the options of ${of}`, 'an object', options)
  }
  if (options instanceof Uint8Array) {
    throw invalidOption(`the options of ${of}`, `an object; is ${of}() what you mean, in place of ${of}?`, options)
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue
    const known = Object.keys(names)
    const near = nearest(name, known)
    throw new WallarxError('OPTION_INVALID', {
      expected:
        near === undefined
          ? `an option of ${of} (${known.join(', ')})`
          : `an option of ${of}; is ${near} what you mean?`,
      got: name,
    })
  }
  return options
}

/** The name that is fewest changes away, if that is few enough to be meant. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let fewest = Math.max(2, Math.floor(name.length / 2))
  for (const candidate of names) {
    const changes = changesBetween(name.toLowerCase(), candidate.toLowerCase())
    if (changes > fewest || (changes === fewest && best !== undefined)) continue
    best = candidate
    fewest = changes
  }
  return best
}

/**
 * Letters to insert, remove or replace, and neighbours to swap, to make one word of the other: the restricted
 * Damerau–Levenshtein distance.
 */
function changesBetween(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      let changes = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      if (swapped) changes = Math.min(changes, beforeLast[j - 2]! + 1)
      row.push(changes)
    }
    beforeLast = last
    last = row
  }
  return last[other.length]!
}
