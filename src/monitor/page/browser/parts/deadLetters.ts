import { formatCount, formatTime } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, el, setText, show } from '../dom.ts'
import type { PlacedLetter } from '../model/deadLetters.ts'
import type { View } from '../model/model.ts'

const columns = ['At', 'Reason', 'Where', 'Input']
const shownAtMost = 100

/** What could not be used, of all workers: how much of it by its code, and the newest with reason, place and bytes. */
export function createDeadLetters() {
  const { element: table, body } = createTable('Newest dead letters', columns)
  const counts = el('ul', { class: 'counts' })
  const note = el('p', { class: 'none' })
  const element = createPart('dead-letters', 'Dead letters', counts, note, table)
  const updateCounts = createList<readonly [code: string, count: number]>(
    counts,
    ([code]) => code,
    ([code]) => {
      const count = el('strong')
      return {
        element: el('li', {}, count, ` ${code}`),
        update: ([, number]) => setText(count, formatCount(number)),
      }
    },
  )
  const updateRows = createList<Keyed>(
    body,
    ({ key }) => key,
    ({ letter }) => ({ element: createLetter(letter), update: () => undefined }),
  )
  let drawn: readonly PlacedLetter[] | undefined

  return {
    element,
    update({ workers, deadLetters }: View): void {
      const byCode = new Map<string, number>()
      const pipelines = workers.flatMap((report) => report.pipelines)
      for (const { deadLettersByCode } of pipelines) {
        for (const [code, count] of Object.entries(deadLettersByCode)) byCode.set(code, (byCode.get(code) ?? 0) + count)
      }
      const total = pipelines.reduce((sum, pipeline) => sum + pipeline.deadLetters, 0)
      updateCounts([...byCode].sort(([, one], [, other]) => other - one))
      const shown = Math.min(deadLetters.length, shownAtMost)
      setText(note, total === 0 ? 'None so far.' : `${formatCount(total)} in all; the newest ${shown} of them:`)
      show(table, shown > 0)
      if (drawn === deadLetters) return
      drawn = deadLetters
      updateRows(keyed(deadLetters.slice(0, shownAtMost)))
    },
  }
}

interface Keyed {
  readonly key: string
  readonly letter: PlacedLetter
}

/** Those of others are read again and again: one that is the same keeps its row, which somebody may have opened. */
function keyed(letters: readonly PlacedLetter[]): Keyed[] {
  const alike = new Map<string, number>()
  return letters.map((letter) => {
    const text = JSON.stringify(letter)
    const number = (alike.get(text) ?? 0) + 1
    alike.set(text, number)
    return { key: `${number} ${text}`, letter }
  })
}

function createLetter({ at, code, message, where, pipeline, input, hex, worker }: PlacedLetter): Element {
  const { row, cells } = createRow(columns.length, formatTime(at))
  cells[1]!.append(el('code', {}, code), el('span', { class: 'meaning' }, message))
  const place = worker === undefined ? pipeline : `${pipeline}, worker ${worker}`
  cells[2]!.append(where, el('span', { class: 'meaning' }, place))
  cells[3]!.append(el('code', { class: 'input' }, input === '' ? '(empty)' : input))
  if (hex !== undefined && hex !== '') {
    cells[3]!.append(el('details', {}, el('summary', {}, 'Bytes'), el('code', { class: 'input' }, inBytes(hex))))
  }
  return row
}

const inBytes = (hex: string): string => hex.match(/../g)?.join(' ') ?? hex
