/** How a course has gone so far. */
export interface Result {
  /** Starts of the application. */
  runs: number
  kills: number
  /** Stops in order, by SIGTERM. */
  stops: number
  /** Times the application came to the end of its input, everything compared. */
  passes: number
  /** Outputs that should be there and are not. */
  lost: number
  /** Outputs that are there more often than they should be. */
  duplicated: number
  /** Outputs that came again and may. */
  repeated: number
}

export const createResult = (): Result => ({
  runs: 0,
  kills: 0,
  stops: 0,
  passes: 0,
  lost: 0,
  duplicated: 0,
  repeated: 0,
})

/** Something went wrong that must not: the end of a course. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
}
