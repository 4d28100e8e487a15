/** Something that is measured in a process of its own, again and again. */
export interface Trial {
  /** Messages that one run handles. */
  readonly messages: number
  run(): unknown
  /** Nanoseconds of CPU time for each message, in a run that has been going on for a while. */
  steady?(): Promise<number>
  /** A digest of the output, equal for all trials that must give the same. */
  check?(): Promise<string>
}
