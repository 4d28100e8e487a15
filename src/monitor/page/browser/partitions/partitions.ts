import type { PartitionReport } from '../../../report.ts'
import { formatCount, formatDuration, formatPercent } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, el, setText, show, type Shown } from '../dom.ts'
import type { View } from '../model/model.ts'
import { createFacts } from '../parts/header.ts'
import { createBrowser } from './browse.ts'
import { createEntity } from './entity.ts'

/** The state partitions, each with its hottest keys and a look into it. */
export function createPartitions() {
  let worker: string | undefined
  const list = el('div', { class: 'partitions' })
  const none = el('p', { class: 'none' }, 'This run has no state partitions.')
  const element = createPart('partitions', 'State partitions', none, list)
  const update = createList<PartitionReport>(
    list,
    ({ name }) => name,
    ({ name }) => createPartition(name, () => worker),
  )
  return {
    element,
    update({ report }: View): void {
      const { partitions } = report
      worker = report.worker
      show(none, partitions.length === 0)
      update(partitions)
    },
  }
}

type Hot = PartitionReport['hottest'][number] & { readonly part: number }

const columns = ['Hottest keys', 'Messages', 'Time', 'Part']

function createPartition(name: string, worker: () => string | undefined): Shown<PartitionReport> {
  const facts = createFacts()
  const { element: table, body } = createTable(`Hottest keys of ${name}`, columns)
  const entity = createEntity(name)
  const browser = createBrowser(name, worker, (key) => void entity.look(key))
  const updateKeys = createList<Hot>(
    body,
    ({ key }) => key,
    ({ key }) => {
      const look = el('button', { type: 'button', class: 'link', title: 'Look into this entity' }, key)
      look.addEventListener('click', () => void entity.look(key))
      const { row, cells } = createRow(columns.length, look)
      const fill = el('span', { class: 'fill' })
      const percent = el('span')
      const gauge = el('span', { class: 'gauge', 'aria-hidden': 'true' }, fill)
      cells[3]!.append(el('div', { class: 'part-of-all' }, gauge, percent))
      return {
        element: row,
        update({ count, time, part }) {
          setText(cells[1]!, formatCount(count))
          setText(cells[2]!, formatDuration(time))
          setText(percent, formatPercent(part))
          fill.style.width = `${Math.round(part * 100)}%`
        },
      }
    },
  )
  return {
    element: el('article', { class: 'partition' }, el('h3', {}, name), facts.element, table, entity.element, browser),
    update({ entities, stored, hottest }) {
      facts.update({
        'Entities in memory': formatCount(entities),
        ...(stored === undefined ? {} : { 'In the store': formatCount(stored) }),
      })
      const all = hottest.reduce((sum, { count }) => sum + count, 0)
      show(table, hottest.length > 0)
      updateKeys(hottest.slice(0, 8).map((hot) => ({ ...hot, part: all === 0 ? 0 : hot.count / all })))
    },
  }
}
