import type { DeadLetterReport } from '../../report.ts'
import { createCharts } from './charts/selected.ts'
import { elapsed, every } from './clock.ts'
import { el, show } from './dom.ts'
import { ask } from './model/api.ts'
import { connect } from './model/connection.ts'
import { createLettersReader } from './model/deadLetters.ts'
import { createHistogramReader } from './model/histograms.ts'
import { createModel, type Selection } from './model/model.ts'
import { createOthersReader } from './model/others.ts'
import { takeTokenFromAddress } from './model/token.ts'
import { createCheckpoints } from './parts/checkpoints.ts'
import { createCluster } from './parts/cluster.ts'
import { createDeadLetters } from './parts/deadLetters.ts'
import { createEventTime } from './parts/eventTime.ts'
import { createHeader, titleOf } from './parts/header.ts'
import { createHolds } from './parts/holds.ts'
import { createSteps } from './parts/steps.ts'
import { createTokenForm } from './parts/token.ts'
import { createVerdict } from './parts/verdict.ts'
import { createWorkers } from './parts/workers.ts'
import { createPartitions } from './partitions/partitions.ts'
import { createTopology } from './topology/topology.ts'

takeTokenFromAddress()

const model = createModel()
const select = (selection: Selection): void => {
  model.select(selection)
  render()
}
const header = createHeader()
const verdict = createVerdict(select)
const workers = createWorkers((worker) => {
  model.choose(worker)
  render()
})
const token = createTokenForm(() => retry())
const topology = createTopology(select)
const charts = createCharts(select)
const holds = createHolds()
const eventTime = createEventTime()
const steps = createSteps(select)
const partitions = createPartitions()
const deadLetters = createDeadLetters()
const checkpoints = createCheckpoints()
const cluster = createCluster()
const parts = [topology, charts, holds, eventTime, steps, partitions, deadLetters, checkpoints, cluster]
const column = (...shown: readonly { readonly element: HTMLElement }[]): HTMLElement =>
  el('div', { class: 'column' }, ...shown.map(({ element }) => element))
const board = el(
  'div',
  { class: 'board' },
  column(topology),
  column(charts, holds, eventTime),
  steps.element,
  column(partitions),
  column(deadLetters, checkpoints),
  cluster.element,
)
const waiting = document.querySelector<HTMLElement>('#waiting')!
document.querySelector('header')!.append(header.element, workers.element)
document.querySelector('main')!.append(token.element, verdict.element, board)
for (const element of [verdict.element, board]) show(element, false)

let renderedAt = 0

/** Shows what is known. Nobody looks at a hidden tab: it is shown when it is looked at again. */
function render(): void {
  renderedAt = elapsed()
  token.update(model.connection.kind === 'refused')
  const view = model.view()
  show(waiting, view === undefined && model.connection.kind !== 'refused')
  if (view === undefined || document.hidden) return
  for (const element of [verdict.element, board]) show(element, true)
  header.update(view)
  workers.update(view)
  const { title } = verdict.update(view)
  for (const part of parts) part.update(view)
  document.title = titleOf(view.report, title)
}

const readHistograms = createHistogramReader((histograms, worker) => model.addHistograms(histograms, worker))
const readLettersOf = createLettersReader((worker, letters) => {
  model.letters.setOf(worker, letters)
  render()
})
const readOthers = createOthersReader((others) => {
  model.setOthers(others)
  readLettersOf(others.filter(({ worker }) => worker !== model.own))
})

const retry = connect({
  onState(state) {
    model.setConnection(state)
    if (state.kind === 'open') readDeadLetters()
    render()
  },
  onReport(report) {
    if (model.setReport(report)) readDeadLetters()
    if (!document.hidden) readHistograms(model.shown)
    if (!document.hidden && report.worker !== undefined) readOthers()
    render()
  },
  onDeadLetter: (letter) => model.letters.add(letter),
})

/** Those that were there before the page was, or came while it did not hear. */
function readDeadLetters(): void {
  ask<readonly DeadLetterReport[]>('/dead-letters').then(
    (letters) => {
      model.letters.set(letters)
      render()
    },
    () => undefined, // they come as they happen, then
  )
}

// Time goes on where no report comes.
every(1000, () => {
  if (elapsed() - renderedAt > 900) render()
})
document.addEventListener('visibilitychange', render)
