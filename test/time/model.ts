/**
 * What windows must give, said without any order of doing: the watermark after each event is known first; then which
 * window takes which message; then when each gives its outputs; and then they are sorted by when. Nothing here is of
 * the package.
 */
export interface Message {
  readonly key: number
  readonly t: number
  readonly v: string
  readonly origin?: string | undefined
  readonly side?: 'left' | 'right' | undefined
}
/** Origins that end at once are `with` each other: none of them outlives the other. */
export type Event = Message | { readonly end: string; readonly with?: string }

export interface ModelWindow {
  readonly kind: 'tumbling' | 'sliding' | 'session'
  readonly size?: number
  readonly every?: number
  readonly offset?: number
  readonly gap?: number
}

export interface WindowOutput {
  readonly key: number
  readonly start: number
  readonly end: number
  readonly values: readonly string[]
  readonly correction: boolean
  readonly early?: boolean
}

export interface WindowRules {
  readonly window: ModelWindow
  readonly outOfOrder?: number
  readonly lateness?: number
  readonly emit?: 'close' | 'change'
}

/**
 * The watermark after each event, and at the end: +Infinity. Where there are several clocks, each of some origins, it
 * is the least of those that have one that lives; none of them falls. Those that are `awaited` hold it until they have
 * had one.
 */
export function watermarks(
  events: readonly Event[],
  outOfOrder = 0,
  clockOf: (origin: string) => string = () => '',
  awaited: readonly string[] = [],
): number[] {
  const marks: number[] = []
  let reached = -Infinity
  const clocks = new Map<string, number>()
  events.forEach((_, at) => {
    const heads = new Map<string, number>()
    for (const event of events.slice(0, at + 1)) {
      if ('end' in event) [event.end, event.with ?? ''].forEach((end) => end && heads.delete(end))
      else heads.set(event.origin ?? '', Math.max(heads.get(event.origin ?? '') ?? -Infinity, event.t))
    }
    const living = new Set([...heads.keys()].map(clockOf))
    for (const clock of living) {
      const own = [...heads].filter(([origin]) => clockOf(origin) === clock).map(([, head]) => head)
      clocks.set(clock, Math.max(clocks.get(clock) ?? -Infinity, Math.min(...own) - outOfOrder))
    }
    if (living.size > 0 && awaited.every((clock) => clocks.has(clock)))
      reached = Math.max(reached, Math.min(...[...living].map((clock) => clocks.get(clock)!)))
    marks.push(reached)
  })
  return [...marks, Infinity]
}

/** When something comes out: at which event, before or with its message, and in what order there. */
interface Moment<Out> {
  readonly order: readonly number[]
  readonly out: Out
}

function inOrder<Out>(moments: Moment<Out>[]): Out[] {
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const at = a.findIndex((n, i) => n !== b[i])
    return at === -1 ? 0 : a[at]! - b[at]!
  }
  return moments.sort((a, b) => compare(a.order, b.order)).map(({ out }) => out)
}

const firstAt = (marks: readonly number[], from: number, mark: number): number =>
  marks.findIndex((watermark, at) => at >= from && watermark >= mark)

const before = 0
const withIt = 1

export function windowsModel(
  events: readonly Event[],
  rules: WindowRules,
): { outputs: WindowOutput[]; late: Message[] } {
  const marks = watermarks(events, rules.outOfOrder)
  return rules.window.kind === 'session' ? sessions(events, rules, marks) : aligned(events, rules, marks)
}

function aligned(
  events: readonly Event[],
  { window: { size = 0, every = size, offset = 0 }, lateness = 0, emit = 'close' }: WindowRules,
  marks: readonly number[],
): { outputs: WindowOutput[]; late: Message[] } {
  /** By key and start: at which events it took a message. */
  const taken = new Map<string, { key: number; start: number; at: number[] }>()
  const late: Message[] = []
  events.forEach((event, at) => {
    if ('end' in event) return
    let isTaken = false
    for (let n = Math.ceil((event.t - offset - size) / every); n * every + offset <= event.t; n++) {
      const start = n * every + offset
      if (start + size <= event.t || start + size + lateness <= marks[at]!) continue
      const id = `${event.key} ${start}`
      if (!taken.has(id)) taken.set(id, { key: event.key, start, at: [] })
      taken.get(id)!.at.push(at)
      isTaken = true
    }
    if (!isTaken) late.push(event)
  })
  const moments: Moment<WindowOutput>[] = []
  for (const { key, start, at } of taken.values()) {
    const end = start + size
    const output = (upTo: number, correction: boolean, early?: boolean): WindowOutput => ({
      key,
      start,
      end,
      values: at.filter((n) => n <= upTo).map((n) => (events[n] as Message).v),
      correction,
      ...(early === true && { early }),
    })
    const closes = firstAt(marks, at[0]!, end)
    // One that is opened by a late message has nothing to close.
    if (closes > at[0]!) moments.push({ order: [closes, before, end, key, start], out: output(closes - 1, false) })
    for (const n of at) {
      if (n >= closes) moments.push({ order: [n, withIt, start], out: output(n, true) })
      else if (emit === 'change') moments.push({ order: [n, withIt, start], out: output(n, false, true) })
    }
  }
  return { outputs: inOrder(moments), late }
}

function sessions(
  events: readonly Event[],
  { window: { gap = 0 }, emit = 'close' }: WindowRules,
  marks: readonly number[],
): { outputs: WindowOutput[]; late: Message[] } {
  const moments: Moment<WindowOutput>[] = []
  const late: Message[] = []
  for (const key of new Set(events.map((event) => ('end' in event ? undefined : event.key)))) {
    if (key === undefined) continue
    let open: { start: number; end: number; values: string[] }[] = []
    const close = (at: number): void => {
      for (const { start, end, values } of open.filter(({ end }) => end <= marks[at]!)) {
        const out = { key, start, end, values, correction: false }
        moments.push({ order: [at, before, end, key, start], out })
      }
      open = open.filter(({ end }) => end > marks[at]!)
    }
    events.forEach((event, at) => {
      close(at)
      if ('end' in event || event.key !== key || event.t + gap <= marks[at]!) return
      const near = open
        .filter((one) => one.end > event.t && one.start < event.t + gap)
        .sort((a, b) => a.start - b.start)
      const joined = {
        start: Math.min(event.t, ...near.map(({ start }) => start)),
        end: Math.max(event.t + gap, ...near.map(({ end }) => end)),
        values: [...near.flatMap(({ values }) => values), event.v],
      }
      open = [...open.filter((one) => !near.includes(one)), joined]
      const out = { key, ...joined, correction: false, early: true }
      if (emit === 'change') moments.push({ order: [at, withIt], out })
    })
    close(events.length)
  }
  events.forEach((event, at) => {
    if (!('end' in event) && event.t + gap <= marks[at]!) late.push(event)
  })
  return { outputs: inOrder(moments), late }
}

export interface JoinRules {
  readonly before?: number
  readonly after?: number
  readonly outOfOrder?: number
  readonly unmatched?: boolean
}

export interface Pair {
  readonly key: number
  readonly left: string
  readonly right: string | undefined
}

export function joinModel(
  events: readonly Event[],
  { before: earlier = 0, after = 0, outOfOrder = 0, unmatched = false }: JoinRules,
  clockOf?: (origin: string) => string,
  awaited?: readonly string[],
): { outputs: Pair[]; late: Message[] } {
  const marks = watermarks(events, outOfOrder, clockOf, awaited)
  const all = events.flatMap((event, at) => ('end' in event ? [] : [{ ...event, at }]))
  const late = all.filter(({ t, at }) => t < marks[at]!)
  const taken = all.filter((message) => !late.includes(message))
  const rights = taken.filter(({ side }) => side === 'right')
  const moments: Moment<Pair>[] = []
  for (const left of taken.filter(({ side }) => side === 'left')) {
    let isMet = false
    for (const right of rights) {
      if (left.key !== right.key || right.t < left.t - earlier || right.t > left.t + after) continue
      isMet = true
      const [first, last] = left.at < right.at ? [left, right] : [right, left]
      moments.push({
        order: [last.at, withIt, first.t, first.at],
        out: { key: left.key, left: left.v, right: right.v },
      })
    }
    const hope = left.t + after
    const gone = marks.findIndex((watermark, at) => at > left.at && watermark > hope)
    if (!isMet && unmatched) {
      moments.push({
        order: [gone, before, hope, left.key, left.at],
        out: { key: left.key, left: left.v, right: undefined },
      })
    }
  }
  return { outputs: inOrder(moments), late: late.map(({ at: _, ...message }) => message) }
}
