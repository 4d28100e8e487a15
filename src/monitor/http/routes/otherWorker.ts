import { shown } from '../../../base/shown.ts'
import type { WorkerPlace } from '../../monitored.ts'
import { jsonType, type Answer } from '../answer.ts'
import { RequestFailure, type FailureCode } from '../failure.ts'
import { unknown, type Answered, type Asked, type Route, type RouteParts } from './route.ts'

/** So many questions to others are under way at once: each answer may have some MiB. */
const mostAsked = 16

/** What other workers answer in this one's place. */
export interface OtherWorkers {
  /** A route that answers for the worker that is named, `?worker=NAME`, and for this one where none is. */
  readonly ofWorker: (route: Route) => Route
  /** Throws `failure` where it does not answer. */
  readonly answerOf: (place: WorkerPlace, path: string, failure: OtherFailure) => Promise<Answer>
}

export interface OtherFailure {
  readonly code: FailureCode
  /** What it is that does not answer: `the worker b owns it, at http://…`. */
  readonly who: string
}

export function createOtherWorkers({ monitored, report, askOther, relay }: RouteParts): OtherWorkers {
  let asked = 0

  const answerOf: OtherWorkers['answerOf'] = async (place, path, { code, who }) => {
    if (asked === mostAsked) throw new RequestFailure('BUSY', `${mostAsked} questions to other workers are under way`)
    asked++
    try {
      const { status, body } = await askOther(place, path)
      return { status, type: jsonType, body }
    } catch (error) {
      throw new RequestFailure(code, `${who}: ${shown(error)}`)
    } finally {
      asked--
    }
  }

  const placeOf = (name: string): WorkerPlace => {
    const places = monitored.cluster?.workers() ?? []
    const found = places.find(({ worker }) => worker === name)
    if (found !== undefined) return found
    const names = places.slice(0, 20).map(({ worker }) => JSON.stringify(worker))
    const known = names.length === 0 ? 'none is' : `known are ${names.join(', ')}`
    throw new RequestFailure('WORKER_UNKNOWN', `no worker of this name is known by its port: ${known}`)
  }

  const elsewhere = ({ path, query }: Asked, place: WorkerPlace): Answered => {
    if (path.some((part) => part === '.' || part === '..')) throw unknown() // a URL would lead elsewhere
    const target = `/${path.map(encodeURIComponent).join('/')}${query.size === 0 ? '' : `?${query.toString()}`}`
    const failure = {
      code: 'WORKER_UNREACHABLE',
      who: `the worker ${place.worker} at ${place.address} does not answer`,
    } as const
    if (path[0] !== 'trace') return answerOf(place, target, failure)
    return (response) =>
      relay(response, place, target).catch((error: unknown) => {
        if (error instanceof RequestFailure) throw error
        throw new RequestFailure(failure.code, `${failure.who}: ${shown(error)}`)
      })
  }

  return {
    answerOf,
    ofWorker: (route) => (question) => {
      const { query, isWorker } = question
      const [name, ...more] = query.getAll('worker')
      if (name === undefined) return route(question)
      if (more.length > 0) throw new RequestFailure('REQUEST_INVALID', 'worker stands there twice')
      if (isWorker) throw new RequestFailure('REQUEST_INVALID', 'asked by a worker, this one answers for itself alone')
      query.delete('worker')
      return name === report().worker ? route({ ...question, isWorker: true }) : elsewhere(question, placeOf(name))
    },
  }
}
