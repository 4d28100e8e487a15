import { pipe, type OperatorFunction } from 'rxjs'
import { hashOf, minutes, statePartition, utf8 } from 'wallarx'
import { decode, encode, eventTime, to, toStatePartition } from 'wallarx/operators'

interface Reading {
  readonly sensor: string
  /** In ms since 1970. */
  readonly at: number
}

/** Tells when nothing has come of a sensor for five minutes, and when it speaks again. Text in, text out. */
export function silence(): OperatorFunction<Buffer, Buffer> {
  const sensors = statePartition('sensors', {
    key: hashOf(({ sensor }: Reading) => sensor),
    build: () => ({ sensor: '', last: 0, silent: false }),
  })
  return pipe(
    decode(utf8),
    to(read),
    eventTime(({ at }) => at),
    toStatePartition(
      {
        name: 'watch',
        compute({ sensor, at }, state, timers) {
          const back = state.silent ? `${clock(at)} ${sensor} is back\n` : undefined
          state.sensor = sensor
          state.last = at
          state.silent = false
          timers.set('silent', at + minutes(5)) // in place of the one that was set before
          return [back, true]
        },
        onTimer(_name, at, state) {
          state.silent = true
          return [`${clock(at)} ${state.sensor} has been silent since ${clock(state.last)}\n`, true]
        },
      },
      sensors,
    ),
    encode((line) => line),
  )
}

/** `2026-03-01T09:00:00Z kitchen 20.5`; anything else is dropped. */
function read(line: string): Reading | undefined {
  const [time = '', sensor = ''] = line.split(' ')
  const at = Date.parse(time)
  return Number.isNaN(at) || sensor === '' ? undefined : { sensor, at }
}

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19)
