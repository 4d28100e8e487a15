import { formatElapsed, formatInstant } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'

interface Item {
  readonly pipeline: string
  readonly name: string
  readonly at?: number
  readonly heldBy?: string
}

const columns = ['Event time', 'Pipeline', 'Watermark', 'Behind the clock', 'Waits for']

/** How far event time is, and which origin it waits for. Not there where no pipeline has any. */
export function createEventTime() {
  const { element: table, body } = createTable('Event time', columns)
  const element = createPart('event-time', 'Event time', table)
  const update = createList<Item & { readonly now: number }>(
    body,
    ({ pipeline, name }) => JSON.stringify([pipeline, name]),
    ({ name }) => {
      const { row, cells } = createRow(columns.length, name)
      return {
        element: row,
        update({ pipeline, at, heldBy = 'nobody', now }) {
          const known = at === undefined ? ['not known yet', ''] : [formatInstant(at), formatElapsed(now - at)]
          for (const [place, text] of [pipeline, ...known, heldBy].entries()) setText(cells[place + 1]!, text)
        },
      }
    },
  )
  return {
    element,
    update({ report: { pipelines }, now }: View): void {
      const items = pipelines.flatMap(({ name: pipeline, watermarks = [] }) =>
        watermarks.map((one) => ({ ...one, pipeline, now })),
      )
      show(element, items.length > 0)
      update(items)
    },
  }
}
