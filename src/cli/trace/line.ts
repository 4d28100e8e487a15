import type { TraceReport } from '../../monitor/report.ts'
import { cut } from '../monitor/printable.ts'

/** Characters of a message, and of a state, that a line has at most. */
const longest = 1000

/** What happened at a message, on one line for a person. */
export function traceLine({ at, pipeline, step, partition, key, message, state }: TraceReport): string {
  const time = new Date(at).toISOString().slice(11, 23)
  const place = `${cut(`${pipeline} ${step}`, 60)}  ${cut(`${partition} ${key}`, 60)}`
  return `${time}  ${place}  ${json(message)} -> ${json(state)}`
}

const json = (value: unknown): string => cut(JSON.stringify(value) ?? 'nothing', longest)
