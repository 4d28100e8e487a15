import { shownValue } from './difference.ts'
import type { PipelineEvent } from '../driver/faults.ts'

/** One line of a diagram below the input: what the sink took at each event, and last, at the end. */
export interface MarbleLine {
  readonly name: string
  readonly steps: readonly (readonly unknown[])[]
}

const signs = { checkpoint: '✓', crash: '✗', restart: '↻', 'slow sink': '~', 'lost sink': '≠' } as const
const meanings = {
  checkpoint: 'a checkpoint',
  crash: 'a crash; on from the last checkpoint',
  restart: 'a stop and a start',
  'slow sink': 'the sink takes nothing for a while',
  'lost sink': 'the sink is lost for a while',
} as const

/**
 * A marble diagram: the events of the input, one column each, and below them what came out then. Messages are
 * lower-case letters, outputs capitals, equal ones the same; several at once stand in brackets.
 */
export function marbleDiagram(events: readonly PipelineEvent<unknown>[], lines: readonly MarbleLine[]): string {
  const legend = new Map<string, string>() // what each sign means
  const naming = (first: string) => {
    const known = new Map<string, string>()
    return (value: unknown): string => {
      const text = shownMessage(value)
      const count = known.size
      const name = known.get(text) ?? String.fromCharCode(first.charCodeAt(0) + (count % 26)) + suffix(count)
      known.set(text, name)
      legend.set(name, text)
      return name
    }
  }
  const message = naming('a')
  const output = naming('A')

  const input = events.map((event) => {
    if ('message' in event) return message(event.message)
    legend.set(signs[event.fault], meanings[event.fault])
    return signs[event.fault]
  })
  const rows = [
    { name: 'input', cells: [...input, '|'] },
    ...lines.map(({ name, steps }) => ({
      name,
      cells: steps.map((outputs, at) => {
        const names = outputs.map(output).join('')
        const cell = outputs.length > 1 ? `(${names})` : names
        return at === steps.length - 1 ? `${cell}|` : cell
      }),
    })),
  ]
  const columns = Math.max(...rows.map(({ cells }) => cells.length))
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(1, ...rows.map(({ cells }) => (cells[at] ?? '').length)),
  )
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const drawn = rows.map(({ name, cells }) => {
    const line = widths.map((width, at) => (cells[at] ?? '').padEnd(width, '-')).join('-')
    return `${name.padEnd(nameWidth)}  ${line.replace(/\|-*$/, '|')}`
  })
  const explained = [...legend].map(([sign, meaning]) => `${sign.padEnd(2)} ${meaning}`)
  return [...drawn, '', ...explained].join('\n')
}

const suffix = (count: number): string => (count < 26 ? '' : String(Math.floor(count / 26)))

/** A value on one line; bytes that are text as text. */
export function shownMessage(value: unknown): string {
  const text = asciiOf(value)
  return text === undefined ? shownValue(value) : `bytes ${JSON.stringify(text)}`
}

/** What bytes say, where they are printable ASCII and line ends. */
export function asciiOf(value: unknown): string | undefined {
  if (!Buffer.isBuffer(value)) return undefined
  const text = value.toString('latin1')
  return /^[\x20-\x7e\n\t]*$/.test(text) ? text : undefined
}

const simple = {
  checkpoint: 'checkpoint',
  crash: 'crash, and on from the last checkpoint',
  restart: 'stop in order, and start again',
} as const

/** The events as a numbered list. */
export function eventList(events: readonly PipelineEvent<unknown>[]): string {
  const line = (event: PipelineEvent<unknown>): string => {
    if ('message' in event) return `message ${shownMessage(event.message)}`
    if (!('events' in event)) return simple[event.fault]
    const times = event.events === 1 ? 'the next event' : `the next ${event.events} events`
    return event.fault === 'slow sink' ? `the sink is slow during ${times}` : `the sink is lost during ${times}`
  }
  return events.length === 0 ? '(no event)' : events.map((event, at) => `${at + 1}. ${line(event)}`).join('\n')
}
