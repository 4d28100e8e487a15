import { UsageError } from './usageError.ts'

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
