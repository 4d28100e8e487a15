import { parseAddress, type HostAndPort } from '../base/address.ts'
import { WallarxError } from '../base/errors.ts'
import { UsageError } from './failure.ts'

/** The address a command is called with. Throws `UsageError`. */
export function addressArgument(text: string | undefined): HostAndPort {
  if (text === undefined) throw new UsageError('HOST:PORT is missing, such as 127.0.0.1:7010')
  try {
    return parseAddress(text)
  } catch (error) {
    if (!(error instanceof WallarxError)) throw error
    throw new UsageError(`expected ${error.expected}, got ${error.got}`)
  }
}

interface NumberOptionLimits {
  readonly least: number
  /** Whether it must be a whole number. Default: `true` */
  readonly whole?: boolean
}

/** The number that was given to an option, `undefined` where it was not given. Throws `UsageError`. */
export function numberOption(
  option: string,
  text: string | undefined,
  { least, whole = true }: NumberOptionLimits,
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  const fits = number >= least && number <= Number.MAX_SAFE_INTEGER && (!whole || Number.isInteger(number))
  if (!fits) throw new UsageError(`--${option} wants a ${whole ? 'whole ' : ''}number from ${least}, not "${text}"`)
  return number
}

/** The choice that was given to an option. Throws `UsageError`. */
export function choiceOption<Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw new UsageError(`--${option} wants one of ${choices.join(', ')}, not "${text}"`)
  return choice
}
