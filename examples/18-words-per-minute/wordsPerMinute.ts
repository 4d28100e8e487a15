import { pipe, type OperatorFunction } from 'rxjs'
import { hashOf, minutes, seconds, tumbling, utf8, windowed } from 'wallarx'
import { decode, encode, eventTime, toMulti, toWindows } from 'wallarx/operators'

interface Word {
  readonly text: string
  /** In ms since 1970. */
  readonly at: number
}

/**
 * Counts words by the minute they were said in, whenever they come: a line for each word and minute as soon as nothing
 * more is awaited for it, and one for each word that comes even later than that.
 */
export function wordsPerMinute(): OperatorFunction<Buffer, Buffer> {
  const perMinute = windowed('words per minute', {
    key: hashOf(({ text }: Word) => text),
    window: tumbling({ size: minutes(1) }),
    build: () => ({ text: '', count: 0 }),
    late: ({ at, text }: Word) => `${clock(at)} too late: ${text}\n`,
  })
  return pipe(
    decode(utf8),
    toMulti(wordsOf),
    eventTime(({ at }) => at, { outOfOrder: seconds(10) }),
    toWindows(
      {
        add({ text }, state) {
          state.text = text
          state.count++
        },
        close: ({ text, count }, { start }) => `${clock(start)} ${text} ${count}\n`,
      },
      perMinute,
    ),
    encode((line) => line),
  )
}

/** `2026-03-01T09:00:02Z the river runs`. A line without a time gives no words. */
function wordsOf(line: string): Word[] {
  const [, time = '', text = ''] = /^(\S+) +(.*)$/.exec(line) ?? []
  const at = Date.parse(time)
  return Number.isNaN(at) ? [] : Array.from(text.matchAll(/\S+/g), ([word]) => ({ text: word, at }))
}

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19)
