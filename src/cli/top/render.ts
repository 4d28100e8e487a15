import { also } from '../../monitor/page/view/also.ts'
import { formatBytes, formatDuration, formatElapsed, formatPercent } from '../../monitor/page/view/format.ts'
import { kinds, why, type Kind } from '../../monitor/page/view/why.ts'
import type { MonitorReport } from '../../monitor/report.ts'
import { cut } from '../monitor/printable.ts'
import { sectionsOf } from './sections.ts'
import { wrapped } from './table.ts'
import type { Watched } from './watch.ts'

/** Narrower than this it is cut, and not made narrower. */
export const leastWidth = 80

/** Everything that is known, as lines no longer than `width`. The first one answers "why is it not moving?". */
export function render(all: readonly Watched[], width: number): string[] {
  const several = all.length > 1
  const blocks = all.map((watched) => ({ watched, answer: answerOf(watched) }))
  const [worst] = [...blocks].sort((one, other) => rank(one.answer.kind) - rank(other.answer.kind))
  const who = several ? `${nameOf(worst!.watched)}: ` : ''
  const lines = wrapped(who + worst!.answer.sentences[0]!, width)
  for (const { watched, answer } of blocks) {
    const { report } = watched
    const rest = several && answer !== worst!.answer ? answer.sentences : answer.sentences.slice(1)
    lines.push('', ...headLines(watched, width), ...rest.flatMap((one) => wrapped(one, width, '  ')))
    if (report !== undefined) for (const section of sectionsOf(report, width)) lines.push('', ...section)
  }
  if (all.some(({ report }) => report !== undefined)) lines.push('', ...wrapped(legend, width))
  // A terminal has its figures and units apart by what everybody can search for.
  return lines.map((line) => line.replaceAll('\u202f', ' '))
}

const legend =
  'now, min, med, max: messages a second, of the last 5 minutes; ' +
  '50% to 99.99: within how many milliseconds, or seconds; ' +
  'buf%: of what a sink or a step keeps back before it holds the sources'

interface Answer {
  /** `unreachable`: what is shown is old, or nothing is. */
  readonly kind: Kind | 'unreachable'
  readonly sentences: readonly string[]
}

function answerOf({ report, problem, earlier, movedAt }: Watched): Answer {
  if (problem === undefined) {
    if (report === undefined) return waiting
    const known = { ...(movedAt !== undefined && { movedAt }), ...(earlier !== undefined && { earlier }) }
    const verdict = why(report, { now: report.at, ...known })
    return { kind: verdict.kind, sentences: [verdict.sentence, ...also(report, verdict)] }
  }
  const old = report === undefined ? '' : ' What is shown is the last that is known.'
  return { kind: 'unreachable', sentences: [`${problem}.${old}`] }
}

const waiting: Answer = { kind: 'notReady', sentences: ['There is no report yet.'] }

const rank = (kind: Answer['kind']): number => (kind === 'unreachable' ? -1 : kinds.indexOf(kind))

const nameOf = ({ report, address }: Watched): string => report?.worker ?? address.shown

function headLines({ report, address }: Watched, width: number): string[] {
  if (report === undefined) return [cut(address.shown, width)]
  const { application, worker, lifecycle, startedAt, at } = report
  const who = worker === undefined ? application : `${application}, worker ${worker}`
  return [
    cut(`${who}  ${lifecycle}, up ${formatElapsed(at - startedAt)}  ${address.shown}`, width),
    cut(`  ${processLine(report)}`, width),
  ]
}

function processLine({ process, at }: MonitorReport): string {
  const { cpu, resident, eventLoopDelay, pid } = process
  const delay = `event loop ${formatDuration(eventLoopDelay.p99)} late (99 %)`
  const time = new Date(at).toISOString().slice(11, 19)
  return `${formatPercent(cpu)} of a cpu, ${formatBytes(resident)}, ${delay}, pid ${pid}, ${time} UTC`
}
