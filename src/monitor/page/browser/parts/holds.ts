import { formatCount, formatDuration, formatElapsed } from '../../view/format.ts'
import { wordsOfHold } from '../../view/holdWords.ts'
import { createList, createPart, createRow, createTable, el, setAttributes, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'

interface Item {
  readonly pipeline: string
  readonly name: string
  readonly meaning: string
  readonly count: number
  readonly time: number
  /** For how long it is there now, in ms. */
  readonly now: number | undefined
}

const columns = ['Held by', 'Pipeline', 'Now', 'Times', 'In all']

/** Who keeps the sources from reading on, and who has. */
export function createHolds() {
  const { element: table, body } = createTable('Holds', columns)
  const none = el('p', { class: 'none' }, 'Nothing has held a pipeline yet.')
  const element = createPart('holds', 'Holds', none, table)
  const update = createList<Item>(
    body,
    ({ pipeline, name }) => JSON.stringify([pipeline, name]),
    ({ name }) => {
      const meaning = el('span', { class: 'meaning' })
      const { row, cells } = createRow(columns.length, name)
      cells[0]!.append(meaning)
      return {
        element: row,
        update(item) {
          setText(meaning, item.now === undefined ? '' : item.meaning)
          const now = item.now === undefined ? 'no' : `‖ ${formatElapsed(item.now)}`
          const texts = [item.pipeline, now, formatCount(item.count), formatDuration(item.time)]
          for (const [at, text] of texts.entries()) setText(cells[at + 1]!, text)
          setAttributes(row, { class: item.now === undefined ? undefined : 'held' })
        },
      }
    },
  )
  return {
    element,
    update(view: View): void {
      const items = itemsOf(view)
      show(none, items.length === 0)
      show(table, items.length > 0)
      update(items)
    },
  }
}

/** Those that are there first, the longest first. */
function itemsOf({ report, now }: View): Item[] {
  const items = report.pipelines.flatMap((pipeline) => {
    const known = new Map(pipeline.held.map((hold) => [hold.name, hold]))
    const names = new Set([...pipeline.holds.map(({ name }) => name), ...known.keys()])
    return [...names].map((name) => {
      const since = Math.min(...pipeline.holds.filter((hold) => hold.name === name).map((hold) => hold.since))
      const { who, because } = wordsOfHold(pipeline, name, report.partitions)
      return {
        pipeline: pipeline.name,
        name,
        meaning: `${who}${because}`,
        count: known.get(name)?.count ?? 1,
        time: known.get(name)?.time ?? 0,
        now: since === Infinity ? undefined : now - since,
      }
    })
  })
  return items.sort((one, other) => (other.now ?? -1) - (one.now ?? -1) || other.time - one.time)
}
