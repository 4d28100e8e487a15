/** What is counted for one step of a pipeline: plain fields, for whoever shows them to read. */
export interface StepMeter {
  /** Messages, or frames, that have come in. */
  in: number
  /** Messages, or frames, that have gone out. */
  out: number
}

/** Counts what the steps of a pipeline do. */
export interface Meter {
  /** Called once for each step, when it begins; steps of one name may share what is counted for them. */
  readonly step: (name: string) => StepMeter
}
