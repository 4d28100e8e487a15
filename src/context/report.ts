import { warn } from '#platform'
import type { WallarxError } from '../base/errors.ts'
import type { EventLog } from '../base/log.ts'
import type { RecordOrigin } from './deadLetter.ts'

/** Whom the steps of a pipeline tell what goes wrong, and what one should know. */
export interface Report {
  /**
   * Reports an input that could not be used. `true`: it is a dead letter now, go on without it; `false`: the error
   * belongs on the error channel.
   */
  readonly reject: (error: WallarxError, input: unknown) => boolean
  /** A source hands this record over: it stands in the dead letters from here to the next call. */
  readonly handingOver?: (record: RecordOrigin | undefined) => void
  /** Something an operator of the application should know; a line for the log of `run`, elsewhere a process warning. */
  readonly warn: EventLog['warn']
  /** Something worth knowing that is in order; a line for the log of `run`, elsewhere nothing. */
  readonly info: (event: string) => void
  /** Says that the pipeline fails as soon as its sinks are flushed: it does not count as open any more. */
  readonly failing: () => void
  /**
   * Says that a state which is kept in a store may be half changed. The run fails with this error, even where somebody
   * catches it downstream, and takes no checkpoint any more.
   */
  readonly poison: (error: WallarxError) => void
}

const ignore = (): void => undefined

/** For a pipeline that no run looks after: errors go down the error channel, warnings to the process. */
export const standaloneReport: Report = {
  reject: () => false,
  warn,
  info: ignore,
  failing: ignore,
  poison: ignore,
}
