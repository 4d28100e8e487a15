/* What a law is, how it is tried with many inputs, and how a broken one is told. */

import { invalidOption, knownOptions, type OptionNames, timerLength, wholeNumber } from '../../base/option.ts'
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { Breach } from './breach.ts'
import { inTime } from './inTime.ts'

/** Of every law. */
export interface LawOptions {
  /** How many inputs a law is tried with. Default: the `numRuns` that fast-check is configured with, then 100 */
  readonly runs?: number | undefined
  /**
   * Which inputs: the same ones for the same seed, a whole number. Default: the environment variable `WALLARX_SEED`,
   * then the seed that fast-check is configured with (`fc.configureGlobal`), then another one each time. A broken law
   * names it.
   */
  readonly seed?: number | undefined
  /** Goes straight to the input that a broken law named, together with its seed. */
  readonly path?: string | undefined
  /**
   * Milliseconds after which a run that has not ended breaks the law: those in which this process worked, or had
   * nothing to do. A pause in which all of it stood still counts as one tenth, so that a busy machine breaks no law.
   * Default: 2,000
   */
  readonly timeout?: number | undefined
}

/** The names of these options. */
export const lawOptions: OptionNames<LawOptions> = { runs: true, seed: true, path: true, timeout: true }

/** One law, and what it is tried with. */
export interface Law<Input> {
  /** What holds, to be read after "expected that": `the way in which bytes are cut changes nothing`. */
  readonly law: string
  /** The function that states it and what it is stated of; `law` is that function's name. */
  readonly where?: Where
  readonly input: fc.Arbitrary<Input>
  /** One run. Throws, or rejects, where the law does not hold; with a `Breach` if it can say what was got. */
  readonly holds: (input: Input) => void | Promise<void>
  /**
   * The smallest input that shows the breach, for a person: one line, or paragraphs. `thrown` is what `holds` threw for
   * it. Default: as fast-check writes it
   */
  readonly show?: ((input: Input, thrown: unknown) => string | Promise<string>) | undefined
  readonly options?: LawOptions | undefined
}

/** `fc.record` of ordinary objects, which read well where a broken law shows them. */
export const recordOf = <Fields>(fields: {
  [Name in keyof Fields]: fc.Arbitrary<Fields[Name]>
}): fc.Arbitrary<Fields> => fc.record(fields, { noNullPrototype: true })

/**
 * Tries a law with random inputs. Resolves when it held for all of them. Rejects with `LAW_BROKEN` otherwise: its
 * message says what the law is, what was got, the smallest input that shows it, and how to repeat it; its cause is what
 * was thrown.
 *
 * @example
 * ```ts
 * import { Breach, checkLaw } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const broken = checkLaw({
 *   law: 'a word is as long in capitals',
 *   input: fc.constantFrom('street', 'straße'),
 *   holds(word) {
 *     const capitals = word.toUpperCase()
 *     if (capitals.length !== word.length) throw new Breach(capitals)
 *   },
 * })
 * await assert.rejects(broken, /expected that a word is as long in capitals, got STRASSE/)
 * ```
 */
export async function checkLaw<Input>(input: Law<Input>): Promise<void> {
  const known = { law: true, where: true, input: true, holds: true, show: true, options: true } as const
  const { law, where = {}, input: inputs, holds, show, options = {} } = knownOptions('checkLaw', input, known)
  knownOptions(where.law ?? 'checkLaw', options, lawOptions)
  const { path, timeout = 2000 } = options
  const runs = wholeNumber('runs', options.runs ?? fc.readConfigureGlobal().numRuns ?? 100, 1)
  timerLength('timeout', timeout)
  const seed = seedOf(options)
  const property = fc.asyncProperty(inputs, withTimeout(holds, timeout))
  const given = { numRuns: runs, seed, ...(path !== undefined && { path }) }
  // fast-check cannot make an input smaller that user code has changed, and throws.
  const outcome = await fc.check(property, given).catch(() => fc.check(property, { ...given, endOnFailure: true }))
  if (!outcome.failed) return
  const broken = (got: string, cause: unknown, report?: string): WallarxError =>
    new WallarxError('LAW_BROKEN', { expected: `that ${law}`, got, where, cause, report })

  if (outcome.counterexample === null) {
    throw broken(
      `no more than ${outcome.numRuns} inputs that apply, of ${outcome.numRuns + outcome.numSkips}`,
      undefined,
    )
  }
  const [smallest] = outcome.counterexample
  const thrown: unknown = outcome.errorInstance
  const got = thrown instanceof Breach ? thrown.message : shown(thrown)
  throw broken(
    got,
    thrown instanceof Breach ? (thrown.cause ?? thrown) : thrown,
    [
      `The smallest input that shows it, found in run ${outcome.numRuns} of ${runs}${shrunk(outcome.numShrinks)}:`,
      indented(await shownInput(smallest, thrown, show)),
      `To repeat it: { seed: ${outcome.seed}, path: '${outcome.counterexamplePath ?? ''}' }`,
    ].join('\n\n'),
  )
}

function seedOf({ seed }: LawOptions): number {
  const chosen = seed ?? fromEnvironment() ?? fc.readConfigureGlobal().seed ?? randomInt(2 ** 31)
  if (!Number.isSafeInteger(chosen)) throw invalidOption('seed', 'a whole number', chosen)
  return chosen
}

function fromEnvironment(): number | undefined {
  const text = process.env.WALLARX_SEED
  return text === undefined || text === '' ? undefined : Number(text)
}

/**
 * Runs that do not end break the law. Making such an input smaller would take as long for each try, so that it stops
 * after a few: the tries after that count as holding.
 */
function withTimeout<Input>(
  holds: (input: Input) => void | Promise<void>,
  timeout: number,
): (input: Input) => Promise<void> {
  let timeouts = 0
  let failures = 0 // an input that user code changes may grow with each try to make it smaller
  return async (input) => {
    if (timeouts > 3 || failures > 500) return
    const late = (): Breach => {
      timeouts++
      return new Breach(`no end of the run within ${timeout} ms`)
    }
    try {
      await inTime(timeout, () => holds(input), late)
    } catch (thrown) {
      if (!fc.PreconditionFailure.isFailure(thrown)) failures++
      throw thrown
    }
  }
}

async function shownInput<Input>(input: Input, thrown: unknown, show: Law<Input>['show']): Promise<string> {
  try {
    if (show !== undefined) return await show(input, thrown)
  } catch {
    // Better an input that reads badly than none.
  }
  return fc.stringify(input)
}

const shrunk = (times: number): string =>
  times === 0 ? '' : ` and made smaller ${times} ${times === 1 ? 'time' : 'times'}`

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')
