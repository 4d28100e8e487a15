import { formatBytes } from '../../view/format.ts'
import { el, setText, show } from '../dom.ts'
import { ask } from '../model/api.ts'

interface EntityPage {
  readonly entities: readonly { readonly key: string; readonly size?: number }[]
  /** The key to go on after. */
  readonly next?: string
}

const pageSize = 50

/** The entities of a state partition, on one worker of a cluster, a page at a time, by key or by size. */
export function createBrowser(
  partition: string,
  worker: () => string | undefined,
  look: (key: string) => void,
): HTMLElement {
  const list = el('ol', { class: 'keys' })
  const answer = el('p', { class: 'answer', role: 'status' })
  const more = el('button', { type: 'button', class: 'quiet' }, 'Next page')
  let next: (() => void) | undefined

  const read = async (by: 'key' | 'size', after?: string): Promise<void> => {
    const query = new URLSearchParams({ by, limit: String(pageSize), ...(after === undefined ? {} : { after }) })
    const of = worker()
    if (of !== undefined) query.set('worker', of)
    const place = of === undefined ? '' : ` on ${of}`
    try {
      const page = await ask<EntityPage>(`/partitions/${encodeURIComponent(partition)}?${query.toString()}`)
      list.replaceChildren(...page.entities.map(({ key, size }) => createKey(key, size)))
      setText(
        answer,
        page.entities.length === 0 ? `No entities${place}.` : `${page.entities.length} entities${place} by ${by}:`,
      )
      next = page.next === undefined ? undefined : () => void read(by, page.next)
    } catch (error) {
      setText(answer, error instanceof Error ? error.message : String(error))
      next = undefined
    }
    show(more, next !== undefined)
  }
  const createKey = (key: string, size: number | undefined): HTMLElement => {
    const button = el('button', { type: 'button', class: 'link' }, key)
    button.addEventListener('click', () => look(key))
    return el('li', {}, button, size === undefined ? '' : ` ${formatBytes(size)}`)
  }
  const button = (by: 'key' | 'size'): HTMLElement => {
    const made = el('button', { type: 'button', class: 'quiet' }, `By ${by}`)
    made.addEventListener('click', () => void read(by))
    return made
  }
  more.addEventListener('click', () => next?.())
  show(more, false)
  const buttons = el('p', { class: 'buttons' }, button('key'), button('size'))
  return el('details', {}, el('summary', {}, 'Browse all entities'), buttons, answer, list, more)
}
