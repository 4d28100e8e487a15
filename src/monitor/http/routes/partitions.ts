import type { EntityQueries, WorkerPlace } from '../../monitored.ts'
import { json, type Answer } from '../answer.ts'
import { RequestFailure } from '../failure.ts'
import { keyIn, knownParameters, numberIn, oneOf } from '../query.ts'
import type { OtherWorkers } from './otherWorker.ts'
import { unknown, type Answered, type Asked, type Route, type RouteParts } from './route.ts'

/** How many entities stand on one page at most. */
const mostOnPage = 1000

/** What is below `/partitions`. */
export interface PartitionRoutes {
  readonly partitions: Route
  /** Throws `PARTITION_UNKNOWN`. */
  readonly partitionOf: (name: string) => EntityQueries
}

export function createPartitionRoutes(parts: RouteParts, others: OtherWorkers): PartitionRoutes {
  const { monitored } = parts

  const partitionOf = (name: string): EntityQueries => {
    const found = monitored.partition(name)
    if (found !== undefined) return found
    const names = monitored.report().partitions.map((one) => JSON.stringify(one.name))
    const there = names.length === 0 ? 'none is in use' : `there is ${names.slice(0, 20).join(', ')}`
    throw new RequestFailure('PARTITION_UNKNOWN', `no state partition of this name is in use; ${there}`)
  }

  /** The worker that owns an entity, where it is another one. */
  const otherOwner = (partition: string, key: bigint): WorkerPlace | undefined => {
    const { cluster } = monitored
    const owner = cluster?.ownerOf(partition, key)
    if (owner === undefined || owner === monitored.report().worker) return undefined
    return cluster?.workers().find(({ worker }) => worker === owner) ?? { worker: owner, address: '' }
  }

  const fromOwner = (owner: WorkerPlace, partition: string, key: string): Promise<Answer> => {
    const where = owner.address === '' ? 'whose port is not known' : `at ${owner.address}, which does not answer`
    const who = `the worker ${owner.worker} owns it, ${where}`
    const path = `/partitions/${encodeURIComponent(partition)}/${key}`
    return others.answerOf(owner, path, { code: 'OWNER_UNREACHABLE', who })
  }

  const partitions = ({ path, query, isWorker }: Asked): Answered => {
    const [, name, key, ...rest] = path
    if (rest.length > 0) throw unknown()
    if (name === undefined) {
      knownParameters(query, [])
      return json(monitored.report().partitions)
    }
    const queries = partitionOf(name)
    if (key !== undefined) {
      knownParameters(query, [])
      const owner = isWorker ? undefined : otherOwner(name, keyIn(key))
      if (owner !== undefined) return fromOwner(owner, name, key)
      const entity = queries.entity(keyIn(key))
      if (entity !== undefined) return json(entity)
      throw new RequestFailure('ENTITY_UNKNOWN', 'there is no entity of this key')
    }
    knownParameters(query, ['after', 'limit', 'by'])
    const limit = numberIn(query, 'limit', 100, mostOnPage)
    const by = oneOf(query, 'by', ['key', 'size'])
    const after = query.get('after')
    const wanted = { limit, by, ...(after !== null && { after: keyIn(after) }) }
    return parts.inTurn(() => queries.page(wanted)).then((page) => json(page))
  }

  return { partitions, partitionOf }
}
