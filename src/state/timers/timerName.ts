/** What a timer of an entity is called. Numbers come before strings, each in ascending order. */
export type TimerName = string | number

/** That of the timer that lets an entity go. It comes after those of users: none of them is called so. */
export const expiry = '\uffff'

export const isTimerName = (name: unknown): name is TimerName =>
  (typeof name === 'string' && name !== expiry) || (typeof name === 'number' && Number.isFinite(name))

/** Less than 0 where `one` comes before `other`, 0 where they are the same. */
export function compareNames(one: TimerName, other: TimerName): number {
  if (one === other) return 0
  if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1
  return one < other ? -1 : 1
}
