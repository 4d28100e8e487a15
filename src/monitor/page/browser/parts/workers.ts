import { createList, el, setAttributes, setText, show } from '../dom.ts'
import type { View } from '../model/model.ts'

interface Entry {
  readonly worker: string
  readonly current: boolean
  /** Where its own page is. Absent: this page hears from it. */
  readonly address?: string
  /** Why this page does not. */
  readonly failure?: string
}

/** Chooses the worker that is shown: those that this page hears of as buttons, the others as links to their pages. */
export function createWorkers(choose: (worker: string) => void) {
  const list = el('ul')
  const element = el('nav', { class: 'workers', 'aria-label': 'Workers' }, el('span', {}, 'Workers'), list)
  show(element, false)
  const update = createList<Entry>(
    list,
    ({ worker, address }) => JSON.stringify([worker, address ?? '']),
    ({ worker, address }) => {
      // Not with this page's token: another address has its own, or asks for it.
      const link =
        address === undefined ? el('button', { type: 'button' }) : el('a', { href: hrefOf(address), rel: 'noreferrer' })
      setText(link, address === undefined ? worker : `${worker} ↗`)
      if (address === undefined) link.addEventListener('click', () => choose(worker))
      return {
        element: el('li', {}, link),
        update({ current, failure }) {
          setAttributes(link, { 'aria-current': current ? 'true' : undefined, title: failure })
        },
      }
    },
  )
  return {
    element,
    update({ report, workers, others }: View): void {
      show(element, report.worker !== undefined)
      if (report.worker === undefined) return
      const heard = new Set(workers.map(({ worker }) => worker ?? ''))
      const entries: Entry[] = [...heard].map((worker) => ({ worker, current: worker === report.worker }))
      for (const { worker, address, failure } of others) {
        if (!heard.has(worker)) entries.push({ worker, current: false, address, ...(failure && { failure }) })
      }
      update(entries.sort((one, other) => one.worker.localeCompare(other.worker)))
    },
  }
}

/** An address as it was announced; what is none of HTTP leads nowhere. */
function hrefOf(address: string): string {
  try {
    return new URL(/^https?:/.test(address) ? address : `http://${address}`).href
  } catch {
    return '#'
  }
}
