import fc from 'fast-check'
import { shownMessage } from '../law/marbleDiagram.ts'
import { literal } from '../law/pastedTest.ts'
import type { AtCall, ClusterEvent, Disturbance } from './disturbance.ts'

const at = ({ call, done = false }: AtCall): string =>
  call === 0 && !done ? 'now' : `at its call ${call} from now, which ${done ? 'takes effect' : 'does not take effect'}`

function shown(what: Disturbance): string {
  switch (what.disturbance) {
    case 'join':
      return 'another worker joins'
    case 'leave':
      return `worker ${what.worker} leaves`
    case 'kill':
      return `worker ${what.worker} is killed ${at(what)}`
    case 'restart':
      return `worker ${what.worker} is killed and started again ${at(what)}`
    case 'freeze':
      return `worker ${what.worker} is frozen for ${what.milliseconds} ms ${at(what)}`
    case 'slow replies':
      return `the next ${what.calls} answers to worker ${what.worker} come ${what.milliseconds} ms late`
    case 'lost reply':
      return `the answer to call ${what.call} from now of worker ${what.worker} is lost`
    case 'eviction':
      return `worker ${what.worker} is put out of its groups`
    case 'expiry':
      return `the transaction of worker ${what.worker} is aborted`
    case 'broker restart':
      return `Kafka is away for ${what.milliseconds} ms`
    case 'pause':
      return `${what.milliseconds} ms pass`
  }
}

/** The events as a numbered list. */
export const clusterEventList = (events: readonly ClusterEvent<unknown>[]): string =>
  events.length === 0
    ? '(no event)'
    : events
        .map(
          (event, at) => `${at + 1}. ${'message' in event ? `message ${shownMessage(event.message)}` : shown(event)}`,
        )
        .join('\n')

/** The list of events as TypeScript. */
export const clusterEventLines = (events: readonly ClusterEvent<unknown>[]): string[] =>
  events.map((event) =>
    'message' in event ? `  { message: ${literal(event.message)} },` : `  ${fc.stringify(event)},`,
  )
