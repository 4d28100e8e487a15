import { pipe } from 'rxjs'
import { hashOf, sliding, statePartition, windowed } from 'wallarx'
import { eventTime, toStatePartition, toWindows } from 'wallarx/operators'
import { disorder, runOnFiles, type Said } from './said.ts'

// Words that come again after a silence are told with it, and all are counted by sliding windows; late ones are shown.

const silence = 3000

const words = statePartition('words', {
  key: hashOf(({ word }: Said) => word),
  build: () => ({ silences: 0 }),
  cache: 500,
  expireAfter: 40 * silence,
})
const counts = windowed('counts', {
  key: hashOf(({ word }: Said) => word[0] ?? ''),
  window: sliding({ size: 2000, every: 500 }),
  build: () => ({ letter: '', count: 0, silences: 0 }),
  lateness: 300,
  cache: 5,
  late: ({ word, at }: Said & { readonly silences: number }) => `${at} late ${word}\n`,
})

await runOnFiles(
  'Windows and timers',
  pipe(
    eventTime(({ at }) => at, { outOfOrder: disorder }),
    toStatePartition(
      {
        name: 'silences',
        compute(message: Said, state, timers) {
          timers.set('silent', message.at + silence)
          return [{ ...message, silences: state.silences }, true]
        },
        onTimer(_name, _at, state) {
          state.silences++
          return [undefined, true]
        },
      },
      words,
    ),
    toWindows(
      {
        add({ word, silences }, state) {
          state.letter = word[0] ?? ''
          state.count++
          state.silences += silences
        },
        merge(into, { letter, count, silences }) {
          into.letter = letter
          into.count += count
          into.silences += silences
        },
        close: ({ letter, count, silences }, { start, correction }) =>
          `${start} ${letter} ${count} ${silences}${correction ? ' corrected' : ''}\n`,
      },
      counts,
    ),
  ),
)
