/** What a bench is asked for. */
export interface BenchOptions {
  /** Runs that count, of each contestant. */
  readonly runs: number
  /** Frames of the corpus. */
  readonly frames: number
  /** Entities of the bench `lookup`. */
  readonly keys: number
  /** Entities of the benches `entities`, `checkpoint`, `commits` and `restart`. */
  readonly entities: number
  /**
   * About how many seconds two turns of the bench `latency` take, of which each contender has 2 × `runs` + 1; a run of
   * `durability` has 3 corpora for each, and `commits` takes 12 for each.
   */
  readonly seconds: number
  /** MiB that the bench `backpressure` sends. */
  readonly size: number
  /** Whether only to see that it works. */
  readonly quick: boolean
}

/** One line of the table. */
export interface Measurement {
  readonly name: string
  readonly unit: string
  /** One value for each run. */
  readonly ours: readonly number[]
  /** Absent: nothing is compared. */
  readonly theirs?: readonly number[]
  /** Who they are. */
  readonly against?: string
  /** Absent: only for information. */
  readonly target?: Target
  /** What the target is about: the ratio of the medians, ours to theirs, or ours alone. Default: the ratio if any */
  readonly judged?: 'ratio' | 'ours'
}

export type Target = { readonly atLeast: number } | { readonly atMost: number }

export interface Bench {
  readonly name: string
  /** One line of help. */
  readonly about: string
  /** It wants what not every machine has: it is left out where no bench is named. Default: `false` */
  readonly onlyByName?: boolean
  measure(options: BenchOptions): Promise<BenchResult>
}

export interface BenchResult {
  readonly measurements: readonly Measurement[]
  /** How it was measured, and what else was seen; a line each. */
  readonly notes: readonly string[]
}
