import { elapsed } from '../clock.ts'
import { createList, el, setAttributes, setText, show } from '../dom.ts'
import { ask } from '../model/api.ts'
import type { View } from '../model/model.ts'

interface WorkerAddress {
  readonly worker: string
  readonly address: string
}

interface Entry {
  readonly worker: string
  readonly current: boolean
  /** Where its own page is. Absent: this page hears from it. */
  readonly address?: string
}

const often = 10_000

/** Chooses the worker that is shown: those that this page hears from as buttons, the others as links to their pages. */
export function createWorkers(choose: (worker: string) => void) {
  const list = el('ul')
  const element = el('nav', { class: 'workers', 'aria-label': 'Workers' }, el('span', {}, 'Workers'), list)
  show(element, false)
  let known: readonly WorkerAddress[] = []
  let askedAt = -Infinity
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
        update: ({ current }) => setAttributes(link, { 'aria-current': current ? 'true' : undefined }),
      }
    },
  )
  return {
    element,
    update({ report, workers }: View): void {
      show(element, report.worker !== undefined)
      if (report.worker === undefined) return
      const heard = new Set(workers.map(({ worker }) => worker ?? ''))
      const entries: Entry[] = [...heard].map((worker) => ({ worker, current: worker === report.worker }))
      for (const { worker, address } of known) if (!heard.has(worker)) entries.push({ worker, current: false, address })
      update(entries.sort((one, other) => one.worker.localeCompare(other.worker)))
      if (elapsed() - askedAt < often) return
      askedAt = elapsed()
      ask<readonly WorkerAddress[]>('/workers').then(
        (answer) => {
          known = answer
        },
        () => undefined, // asked again soon
      )
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
