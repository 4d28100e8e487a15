import { keyOf, toHalves } from '../../key/key.ts'
import type { Aggregate } from '../../time/window/aggregate.ts'
import type { WindowSettings } from '../../time/window/options.ts'
import type { WindowDefinition } from '../../time/window/window.ts'
import type { Timed } from '../generator/timed.ts'

interface PlainWindow<Message> {
  readonly key: bigint
  readonly start: number
  readonly end: number
  /** In the order in which they are added. */
  readonly messages: readonly Message[]
  readonly closed: boolean
}

/** What comes out, and which messages were late. */
export interface PlainResult<In, Out> {
  readonly outputs: readonly Out[]
  readonly late: readonly In[]
}

/** What windows give for these messages, whose sources complete after them. Not for windows by count. */
export function plainWindows<In, State, Out>(
  events: readonly Timed<In>[],
  aggregate: Aggregate<In, State, Out>,
  keyFunction: (message: In) => bigint | number,
  { window, build, lateness, emit }: WindowSettings<In, State, unknown>,
  outOfOrder: number,
): PlainResult<In, Out> {
  const outputs: Out[] = []
  const late: In[] = []
  const greatest = new Map<string, number>()
  let open: PlainWindow<In>[] = []
  let watermark = -Infinity

  /** Adds all messages of the window once more, to a state of its own. */
  const give = ({ key, start, end, messages }: PlainWindow<In>, correction: boolean, early = false): void => {
    let state = build()
    for (const message of messages) {
      const next = aggregate.add(message, state)
      if (next !== undefined) state = next
    }
    const output = aggregate.close(state, { key, start, end, correction, early })
    if (output !== undefined) outputs.push(output)
  }
  const fire = (): void => {
    const due = open.filter(({ closed, end }) => !closed && end <= watermark)
    due.sort((one, other) => one.end - other.end || compare(one.key, other.key) || one.start - other.start)
    for (const one of due) give(one, false)
    open = open.filter(({ end }) => end + lateness > watermark).map((one) => ({ ...one, closed: one.end <= watermark }))
  }
  const put = (one: PlainWindow<In>, instead: readonly PlainWindow<In>[]): void => {
    open = [...open.filter((other) => !instead.includes(other)), one]
    if (one.closed) give(one, true)
    else if (emit === 'change') give(one, false, true)
  }

  for (const { message, at, origin } of events) {
    greatest.set(origin, Math.max(greatest.get(origin) ?? -Infinity, at))
    watermark = Math.max(watermark, Math.min(...greatest.values()) - outOfOrder)
    fire()
    const key = bigintOf(keyFunction(message))
    const places = placesOf(at, window).filter(({ end }) => end + lateness > watermark)
    if (places.length === 0) late.push(message)
    for (const { start, end } of places) {
      const touched = open
        .filter((one) => one.key === key)
        .filter((one) => (window.kind === 'session' ? one.start < end && start < one.end : one.start === start))
        .sort((one, other) => one.start - other.start)
      const joined = {
        key,
        start: Math.min(start, ...touched.map((one) => one.start)),
        end: Math.max(end, ...touched.map((one) => one.end)),
        messages: [...touched.flatMap(({ messages }) => messages), message],
        closed: end <= watermark,
      }
      put(joined, touched)
    }
  }
  watermark = Infinity
  fire()
  return { outputs, late }
}

/** The windows that a message of this time belongs to at first, the oldest first. */
function placesOf(at: number, window: WindowDefinition): { readonly start: number; readonly end: number }[] {
  if (window.kind === 'session') return [{ start: at, end: at + window.gap }]
  if (window.kind === 'counted') return []
  const { size, every, offset } = window
  const places = []
  for (let start = Math.floor((at - offset) / every) * every + offset; start > at - size; start -= every) {
    places.unshift({ start, end: start + size })
  }
  return places
}

const halves = new Uint32Array(2)
function bigintOf(key: bigint | number): bigint {
  toHalves(key, halves)
  return keyOf(halves[0]!, halves[1]!)
}

const compare = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0)
