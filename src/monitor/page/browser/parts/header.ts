import type { MonitorReport } from '../../../report.ts'
import { formatBytes, formatDuration, formatElapsed, formatPercent, formatTime } from '../../view/format.ts'
import { elapsed } from '../clock.ts'
import { el, setAttributes, setText } from '../dom.ts'
import type { View } from '../model/model.ts'

/** Which run it is, whether the page hears from it, and how its process is. */
export function createHeader() {
  const name = el('h1', {}, 'wallarx')
  const state = el('span', { class: 'badge' })
  const pulse = el('span', { class: 'pulse', 'data-state': 'lost' })
  const facts = createFacts()
  const element = el(
    'div',
    { class: 'top' },
    el('div', { class: 'title' }, el('span', { class: 'mark', 'aria-hidden': 'true' }), name, state, pulse),
    facts.element,
  )
  return {
    element,
    update(view: View): void {
      const { report, now, silentFor, connection } = view
      setText(name, report.worker === undefined ? report.application : `${report.application} · ${report.worker}`)
      setText(state, report.lifecycle)
      setAttributes(state, { 'data-lifecycle': report.lifecycle })
      const { pid, node, resident, heapUsed, cpu, eventLoopDelay } = report.process
      facts.update({
        Up: formatElapsed(now - report.startedAt),
        Processor: formatPercent(cpu),
        Memory: formatBytes(resident),
        Heap: formatBytes(heapUsed),
        'Event loop, 99 %': formatDuration(eventLoopDelay.p99),
        Process: `${pid}, Node ${node.replace(/^v/, '')}`,
      })
      const live = connection.kind === 'open' && silentFor < 3500
      setAttributes(pulse, { 'data-state': live ? 'live' : 'lost' })
      setText(pulse, live ? `live, ${formatTime(now)}` : lostWords(view))
    },
  }
}

function lostWords({ connection, silentFor }: View): string {
  if (connection.kind !== 'lost') return `last report ${formatElapsed(silentFor)} ago`
  return `connection lost; trying again in ${formatElapsed(connection.retryAt - elapsed() + 999)}`
}

/** Names with their values, side by side. */
export function createFacts() {
  const element = el('dl', { class: 'facts' })
  const values = new Map<string, HTMLElement>()
  return {
    element,
    update(facts: Readonly<Record<string, string>>): void {
      for (const [name, text] of Object.entries(facts)) {
        let value = values.get(name)
        if (value === undefined) {
          values.set(name, (value = el('dd')))
          element.append(el('div', {}, el('dt', {}, name), value))
        }
        setText(value, text)
      }
    },
  }
}

/** The title of the tab: it says what is wrong while one looks elsewhere. */
export const titleOf = ({ application, worker }: MonitorReport, verdict: string): string =>
  `${verdict} · ${application}${worker === undefined ? '' : ` · ${worker}`}`
