import { el, show } from '../dom.ts'
import { keepToken } from '../model/token.ts'

/** Asks for the token where the run wants one, and has not got it, or another. */
export function createTokenForm(retry: () => void) {
  const input = el('input', { type: 'password', id: 'token', autocomplete: 'off', required: true })
  const form = el(
    'form',
    { class: 'token' },
    el('h2', {}, 'A token is needed'),
    el('p', {}, 'This run tells about itself to whoever has its token: the one given as monitor.token.'),
    el('label', { for: 'token' }, 'Token'),
    input,
    el('button', { type: 'submit' }, 'Open'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    keepToken(input.value)
    input.value = ''
    retry()
  })
  show(form, false)
  return {
    element: form,
    update(refused: boolean): void {
      if (refused && form.hidden) {
        show(form, true)
        input.focus()
      } else show(form, refused)
    },
  }
}
