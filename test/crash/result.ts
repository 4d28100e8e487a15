/** How a course has gone so far. */
export interface Result {
  /** Starts of the application. */
  runs: number
  kills: number
  /** Stops in order, by SIGTERM. */
  stops: number
  /** Stops for a while, by SIGSTOP. */
  freezes: number
  /** Kills of the broker that workers are on. */
  brokerKills: number
  /** How often workers of a cluster have begun anew, as far as they could tell. */
  rejoins: number
  /** Times the application came to the end of its input, everything compared. */
  passes: number
  /** Outputs that were compared, one by one, on a cluster. */
  outputs: number
  /** Outputs that should be there and are not. */
  lost: number
  /** Outputs that are there more often than they should be. */
  duplicated: number
  /** Outputs that came again and may. */
  repeated: number
  /** What became of damages. */
  damage: Record<Outcome, number>
}

/**
 * What becomes of a damage to a store: an error with a code; all is as it was; the end of the log is missing, as a
 * crash may leave it; other content without an error; an error without a code, a signal, or no end.
 */
export type Outcome = 'told' | 'harmless' | 'torn' | 'silent' | 'crashed'

export const createResult = (): Result => ({
  runs: 0,
  kills: 0,
  stops: 0,
  freezes: 0,
  brokerKills: 0,
  rejoins: 0,
  passes: 0,
  outputs: 0,
  lost: 0,
  duplicated: 0,
  repeated: 0,
  damage: { told: 0, harmless: 0, torn: 0, silent: 0, crashed: 0 },
})

/** Something went wrong that must not: the end of a course. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
}
