import type { Result } from './result.ts'

/** What a course is run with. */
export interface CourseOptions {
  /** An empty directory. */
  readonly directory: string
  readonly seed: number
  readonly runs: number
  /** What has happened, counted up as it happens. */
  readonly result: Result
  /** Called after each kill and each stop. */
  readonly progress: () => void
}

/** How many stops in order belong to so many kills. */
export const stopsFor = (runs: number): number => Math.ceil(runs / 10)
