import { also } from '../../view/also.ts'
import { formatElapsed, formatTime } from '../../view/format.ts'
import type { Verdict } from '../../view/why.ts'
import { createList, el, setAttributes, setText, show } from '../dom.ts'
import type { Selection, View } from '../model/model.ts'

/** The sentence on top: why it moves, or does not. */
export function createVerdict(select: (selection: Selection) => void) {
  const sentence = el('p', { class: 'sentence' })
  const blamedName = el('span', { class: 'unseen' })
  const look = el('button', { type: 'button', class: 'quiet' }, 'Show it', blamedName)
  const note = el('p', { class: 'note' })
  const more = el('ul', { class: 'more' })
  const updateMore = createList<string>(
    more,
    (text) => text,
    (text) => ({ element: el('li', {}, text), update: () => undefined }),
  )
  const shape = el('span', { class: 'shape', 'aria-hidden': 'true' })
  // Said once for each change; the figures in the sentence change each second, and nobody wants to hear them.
  const said = el('p', { class: 'unseen', role: 'status' })
  const element = el(
    'section',
    { id: 'why', class: 'verdict', 'aria-label': 'Why it moves, or does not' },
    shape,
    el('div', {}, sentence, note, more),
    look,
    said,
  )
  let blamed: Selection | undefined
  look.addEventListener('click', () => {
    if (blamed === undefined) return
    select(blamed)
    document.querySelector('#selected')?.scrollIntoView({ block: 'nearest' })
  })

  return {
    element,
    update(view: View): Pick<Verdict, 'title'> {
      const shown = silence(view) ?? view.verdict
      setAttributes(element, { 'data-tone': shown.tone, 'data-kind': shown.kind })
      setText(sentence, shown.sentence)
      setText(said, `${shown.title}. ${shown.stable}`)
      setText(note, noteOf(view))
      updateMore([...new Set(also(view.report, view.verdict))])
      blamed = shown.node === undefined ? undefined : { pipeline: shown.pipeline!, node: shown.node }
      const node = view.report.pipelines
        .find(({ name }) => name === shown.pipeline)
        ?.nodes.find(({ id }) => id === shown.node)
      setText(blamedName, node === undefined ? '' : `: ${node.name}`)
      show(look, node !== undefined)
      return shown
    },
  }
}

type Shown = Omit<Verdict, 'kind'> & { readonly kind: string }

/** What a run says that is not heard any more is old. */
function silence({ connection, silentFor, verdict }: View): Shown | undefined {
  const last = ` What was last heard: ${verdict.sentence}`
  if (connection.kind === 'open' && silentFor >= 3500) {
    const stable = 'The process is there and tells nothing: its event loop stands still, or the network does.'
    return {
      kind: 'silent',
      tone: 'bad',
      title: 'No answer',
      stable,
      sentence: `No report for ${formatElapsed(silentFor)}. ${stable}${last}`,
    }
  }
  if (connection.kind === 'open' || silentFor < 1500) return undefined
  const stable = 'The process has ended, or cannot be reached. The page goes on as soon as it is there again.'
  return {
    kind: 'lost',
    tone: 'bad',
    title: 'Connection lost',
    stable,
    sentence: `No report for ${formatElapsed(silentFor)}. ${stable}`,
  }
}

function noteOf({ restartedAt, now }: View): string {
  if (restartedAt !== undefined && now - restartedAt < 60_000) {
    return `Started again at ${formatTime(restartedAt)}: all that the page shows is of this run.`
  }
  return ''
}
