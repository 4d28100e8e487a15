import type { DeadLetterReport } from '../../../report.ts'
import { formatCount, formatTime } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, el, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'

const columns = ['At', 'Reason', 'Where', 'Input']
const shownAtMost = 100

/** What could not be used: how much of it by its code, and the newest with reason, place and bytes. */
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
  const keys = new WeakMap<DeadLetterReport, string>()
  let keysGiven = 0
  const keyOf = (letter: DeadLetterReport): string => {
    if (!keys.has(letter)) keys.set(letter, String(keysGiven++))
    return keys.get(letter)!
  }
  const updateRows = createList<DeadLetterReport>(body, keyOf, (letter) => ({
    element: createLetter(letter),
    update: () => undefined,
  }))
  let drawn: readonly DeadLetterReport[] | undefined

  return {
    element,
    update({ report, deadLetters }: View): void {
      const byCode = new Map<string, number>()
      for (const { deadLettersByCode } of report.pipelines) {
        for (const [code, count] of Object.entries(deadLettersByCode)) byCode.set(code, (byCode.get(code) ?? 0) + count)
      }
      const total = report.pipelines.reduce((sum, pipeline) => sum + pipeline.deadLetters, 0)
      updateCounts([...byCode].sort(([, one], [, other]) => other - one))
      const shown = Math.min(deadLetters.length, shownAtMost)
      setText(note, total === 0 ? 'None so far.' : `${formatCount(total)} in all; the newest ${shown} of them:`)
      show(table, shown > 0)
      if (drawn === deadLetters) return
      drawn = deadLetters
      updateRows(deadLetters.slice(0, shownAtMost))
    },
  }
}

function createLetter({ at, code, message, where, pipeline, input, hex }: DeadLetterReport): Element {
  const { row, cells } = createRow(columns.length, formatTime(at))
  cells[1]!.append(el('code', {}, code), el('span', { class: 'meaning' }, message))
  cells[2]!.append(where, el('span', { class: 'meaning' }, pipeline))
  cells[3]!.append(el('code', { class: 'input' }, input === '' ? '(empty)' : input))
  if (hex !== undefined && hex !== '') {
    cells[3]!.append(el('details', {}, el('summary', {}, 'Bytes'), el('code', { class: 'input' }, inBytes(hex))))
  }
  return row
}

const inBytes = (hex: string): string => hex.match(/../g)?.join(' ') ?? hex
