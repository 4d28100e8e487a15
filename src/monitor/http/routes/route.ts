import type { ServerResponse } from 'node:http'
import type { Expose } from '../../metrics/exposition.ts'
import type { Monitored } from '../../monitored.ts'
import type { MonitorReport } from '../../report.ts'
import type { AskOther } from '../../workers/others.ts'
import type { Answer } from '../answer.ts'
import { RequestFailure } from '../failure.ts'
import type { Target } from '../query.ts'
import type { Relays } from '../streams/relays.ts'

/** A request, as a route looks at it. */
export interface Asked extends Target {
  readonly accept: string
  /** Another worker asks: what this one does not know is not asked of a third. */
  readonly isWorker: boolean
}

/** What a route answers: at once, later, or by events that go on. */
export type Answered = Answer | Promise<Answer> | ((response: ServerResponse) => void | Promise<void>)

/** Answers what is asked of a run. Throws `RequestFailure`. */
export type Route = (asked: Asked) => Answered

export interface RouteParts {
  readonly monitored: Monitored
  /** The newest, made once for all who ask at the same time. */
  readonly report: () => MonitorReport
  /** The same, as `/status` sends it. */
  readonly status: () => Buffer
  readonly expose: () => Expose
  /** Has what looks through many entities done one after the other. Throws `BUSY`. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly askOther: AskOther
  /** Sends on what another worker sends, for as long as it is read. */
  readonly relay: Relays['open']
  readonly events: (response: ServerResponse) => void
  readonly trace: (response: ServerResponse, what: { key: bigint; partition?: string }) => void
}

export const unknown = (): RequestFailure =>
  new RequestFailure(
    'ROUTE_UNKNOWN',
    'there is /, /status, /status?all, /workers, /topology, /histograms, /partitions, /partitions/NAME, ' +
      '/partitions/NAME/KEY, /dead-letters, /trace, /events, /metrics, /healthz and /readyz',
  )
