import { UsageError } from './usageError.ts'

/** The choice that was given to an option. Throws `UsageError`. */
export function choiceOption<Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw new UsageError(`--${option} wants one of ${choices.join(', ')}, not "${text}"`)
  return choice
}
