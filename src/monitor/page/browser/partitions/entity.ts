import { el, setText, show } from '../dom.ts'
import { ask } from '../model/api.ts'

/** A look into one entity of a state partition, by its key. */
export function createEntity(partition: string) {
  const id = `key-of-${partition}`
  const input = el('input', { id, type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'key' })
  const form = el(
    'form',
    { class: 'look' },
    el('label', { for: id }, 'Look into the entity of key'),
    input,
    el('button', { type: 'submit' }, 'Look'),
  )
  const answer = el('p', { class: 'answer', role: 'status' })
  const state = el('pre', { tabindex: 0, 'aria-label': `State of an entity of ${partition}` })
  const element = el('div', {}, form, answer, state)
  show(state, false)
  let asked = 0 // the last question; the answer of one before comes too late

  const look = async (key: string): Promise<void> => {
    const question = ++asked
    input.value = key
    setText(answer, `Looking for ${key} …`)
    try {
      const path = `/partitions/${encodeURIComponent(partition)}/${encodeURIComponent(key)}`
      const found = await ask<{ key: string; state: unknown }>(path)
      if (question !== asked) return
      setText(answer, `State of ${found.key}, as it was when it was asked for:`)
      setText(state, JSON.stringify(found.state, null, 2))
      show(state, true)
    } catch (error) {
      if (question !== asked) return
      setText(answer, error instanceof Error ? error.message : String(error))
      show(state, false)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (input.value !== '') void look(input.value)
  })
  return { element, look }
}
