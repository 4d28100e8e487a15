import type { CheckpointReport } from '../../../report.ts'
import { formatBytes, formatCount, formatDuration, formatElapsed, formatTime } from '../../view/format.ts'
import { createChart } from '../charts/chart.ts'
import { createList, createPart, createRow, createTable, el, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'
import { createFacts } from './header.ts'

const columns = ['At', 'Took', 'Held', 'Entities', 'Bytes']

/** Checkpoints on a time line, the newest in figures, and the journals that they trim. */
export function createCheckpoints() {
  const none = el('p', { class: 'none' }, 'None are taken: this run keeps nothing for a start after a crash.')
  const facts = createFacts()
  const chart = createChart({
    label: 'Time line',
    lines: [
      { label: 'took', colour: 'accent', bars: true },
      { label: 'held the sources', colour: 'third', bars: true },
    ],
    y: formatDuration,
    height: 130,
  })
  const { element: table, body } = createTable('Newest checkpoints', columns)
  const element = createPart('checkpoints', 'Checkpoints', none, facts.element, chart.element, table)
  const updateRows = createList<CheckpointReport>(
    body,
    ({ at, duration, bytes }) => `${at} ${duration} ${bytes}`,
    ({ at, duration, held, entities, bytes }) => {
      const { row, cells } = createRow(columns.length, formatTime(at))
      const texts = [formatDuration(duration), formatDuration(held), formatCount(entities), formatBytes(bytes)]
      for (const [column, text] of texts.entries()) setText(cells[column + 1]!, text)
      return { element: row, update: () => undefined }
    },
  )

  let drawn: number | undefined // the newest that is shown

  return {
    element,
    update({ report: { checkpoints, journals }, now }: View): void {
      const last = checkpoints?.last ?? []
      show(none, checkpoints === undefined)
      for (const part of [chart.element, table]) show(part, last.length > 0)
      const newest = last.at(-1)
      facts.update({
        ...(checkpoints === undefined ? {} : { Taken: formatCount(checkpoints.count) }),
        ...(newest === undefined ? {} : { 'Last one': `${formatElapsed(now - newest.at)} ago` }),
        ...Object.fromEntries(journals.map(({ name, bytes }) => [`Journal ${name}`, formatBytes(bytes)])),
      })
      if (newest === undefined || newest.at === drawn) return
      drawn = newest.at
      const longest = Math.max(...last.map(({ duration }) => duration))
      const [latest, long] = [newest.duration, longest].map(formatDuration)
      const words = `The last ${last.length}: the newest took ${latest!}, the longest ${long!}.`
      chart.update(
        [last.map(({ at }) => at / 1000), last.map(({ duration }) => duration), last.map(({ held }) => held)],
        words,
      )
      updateRows(last.slice(-5).toReversed())
    },
  }
}
