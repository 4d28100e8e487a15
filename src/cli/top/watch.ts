import { setTimeout as delay } from 'node:timers/promises'
import type { MonitorReport } from '../../monitor/report.ts'
import { createRecent } from '../../monitor/page/view/recent.ts'
import { Failure } from '../failure.ts'
import type { MonitorAddress } from '../monitor/address.ts'
import { Refusal } from '../monitor/refusal.ts'
import { asReport } from '../monitor/report.ts'
import { getEvents, getJson } from '../monitor/request.ts'

/** What is known of one application, or of one worker. */
export interface Watched {
  readonly address: MonitorAddress
  /** The last one that came. */
  readonly report: MonitorReport | undefined
  /** Why there is no newer one. */
  readonly problem: string | undefined
  /** One of about ten seconds before. */
  readonly earlier?: MonitorReport | undefined
  /** When a message was last seen to move, by its clock. */
  readonly movedAt?: number | undefined
}

/** Milliseconds without an event; a report comes each second. */
const silence = 10_000
const pause = 1000
/** In ms: a report comes each second, more or less. */
const earlierBy = 10_500

/** What is known now. A problem is in it, and not thrown. */
export async function lookOnce(address: MonitorAddress, signal: AbortSignal): Promise<Watched> {
  try {
    const report = asReport(await getJson(address, 'status', { signal }), address)
    return { address, report, problem: undefined }
  } catch (error) {
    signal.throwIfAborted()
    return { address, report: undefined, problem: problemOf(error) }
  }
}

/**
 * Calls `changed` with each report, and where there is a problem; after that it asks again each second, until the
 * signal: whoever was restarted comes back. Throws a `Refusal` where the first answer is one.
 */
export async function watch(
  address: MonitorAddress,
  changed: (now: Watched) => void,
  signal: AbortSignal,
): Promise<void> {
  let report: MonitorReport | undefined
  let recent = createRecent()
  while (!signal.aborted) {
    try {
      for await (const { event, data } of getEvents(address, 'events', { signal, silence })) {
        if (event !== 'report') continue
        const instance = report?.instance
        report = asReport(JSON.parse(data), address)
        if (instance !== report.instance) recent = createRecent()
        recent.add(report)
        const { movedAt } = recent
        changed({ address, report, problem: undefined, earlier: recent.before(earlierBy), movedAt })
      }
      changed({ address, report, problem: `${address.shown} has ended; it is asked again each second` })
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Refusal && report === undefined) throw error
      changed({ address, report, problem: problemOf(error) })
    }
    await delay(pause, undefined, { signal }).catch(() => undefined)
  }
}

function problemOf(error: unknown): string {
  if (error instanceof Failure) return error.message
  if (error instanceof SyntaxError) return 'a report is no JSON. See what answers there'
  throw error
}
