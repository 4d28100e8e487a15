import type { DeadLetterReport, MonitorReport } from '../../../report.ts'
import { createEventReader, type ServerEvent } from '../../view/eventStream.ts'
import { after, elapsed, wait } from '../clock.ts'
import { authorization } from './token.ts'

export type ConnectionState =
  | { readonly kind: 'connecting' | 'open' }
  /** It will try again at `retryAt`, by `elapsed()`. */
  | { readonly kind: 'lost'; readonly since: number; readonly retryAt: number }
  /** No token, or a wrong one: it waits for another. */
  | { readonly kind: 'refused' }

export interface Listener {
  onState(state: ConnectionState): void
  onReport(report: MonitorReport): void
  onDeadLetter(letter: DeadLetterReport): void
}

/** Of a connection on which nothing comes any more, though a report should each second. */
const silence = 15_000
const [firstWait, longestWait] = [500, 10_000]

/** Reads `/events` for as long as the page is open, again and again. The result tries at once: with a new token. */
export function connect(listener: Listener): () => void {
  let retry = new AbortController()
  let lostAt: number | undefined
  const live = async (): Promise<never> => {
    for (let waits = firstWait; ;) {
      listener.onState({ kind: 'connecting' })
      const outcome = await readEvents(listener, () => {
        waits = firstWait
        lostAt = undefined
      })
      retry = new AbortController()
      if (outcome === 'refused') {
        listener.onState({ kind: 'refused' })
        await wait(2 ** 31 - 1, retry.signal)
        continue
      }
      lostAt ??= elapsed()
      listener.onState({ kind: 'lost', since: lostAt, retryAt: elapsed() + waits })
      await wait(waits, retry.signal)
      waits = Math.min(waits * 2, longestWait)
    }
  }
  void live()
  return () => retry.abort()
}

/** One connection, until it is lost. */
async function readEvents(listener: Listener, opened: () => void): Promise<'refused' | 'lost'> {
  const ending = new AbortController()
  let forget = after(silence, () => ending.abort())
  try {
    const headers = { ...authorization(), accept: 'text/event-stream' }
    const response = await fetch('/events', { headers, signal: ending.signal, cache: 'no-store' })
    if (response.status === 401 || response.status === 403) return 'refused'
    if (!response.ok || response.body === null) return 'lost'
    opened()
    listener.onState({ kind: 'open' })
    const read = createEventReader()
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'lost'
      forget()
      forget = after(silence, () => ending.abort())
      for (const event of read(decoder.decode(value, { stream: true }))) tell(listener, event)
    }
  } catch {
    return 'lost' // whatever it was, trying again is the cure
  } finally {
    forget()
    ending.abort()
  }
}

function tell(listener: Listener, { event, data }: ServerEvent): void {
  if (event === 'report') listener.onReport(JSON.parse(data) as MonitorReport)
  else if (event === 'dead-letter') listener.onDeadLetter(JSON.parse(data) as DeadLetterReport)
}
