import { KafkaError } from '../../../kafka/fault.ts'
import { heartbeatInterval, type Holder, type Membership } from './membership.ts'

/** Joins whenever the group comes together, as soon as what it has to give up is given up. */
export function joinClassic(holder: Holder): Membership {
  const { process, options } = holder
  const { client, topics, sessionTimeout } = options
  const group = process.broker.classic(options.group)
  let id: string | undefined
  let generation = -1
  let isJoining = false
  let shallJoin = false
  let hasLeft = false

  const join = async (): Promise<void> => {
    if (isJoining || hasLeft) return
    if (holder.isBusy) {
      shallJoin = true
      return
    }
    isJoining = true
    shallJoin = false
    try {
      const joined = await process.call('joining', Infinity, () => {
        const missing = topics.find((topic) => process.broker.topics.find(topic) === undefined)
        if (missing !== undefined) throw new KafkaError('missing', `no topic ${missing}`, 3)
        return group.join(id, { client, topics, sessionTimeout }, holder.held())
      })
      isJoining = false
      if (hasLeft) {
        if (!process.isDead) group.leave(joined.id)
        return
      }
      id = joined.id
      generation = joined.generation
      // Who has given something up comes again at once, so that others get it.
      if (holder.give(joined.places)) shallJoin = true
    } catch (error) {
      isJoining = false
      if (error instanceof KafkaError && error.fault === 'abort') lose()
      else holder.fail(error)
    }
  }

  const lose = (): void => {
    id = undefined
    generation = -1
    shallJoin = true
    holder.lose()
    if (!holder.isBusy) void join()
  }

  const beat = (): void => {
    if (hasLeft || process.isDead) return
    process.after(heartbeatInterval(sessionTimeout), beat)
    if (id === undefined || !process.broker.isUp) return
    const told = group.heartbeat(id)
    if (told === 'unknown') lose()
    else if (told === 'rebalance') void join()
  }

  void join()
  beat()
  return {
    group,
    offsets: group.offsets,
    get id() {
      return id
    },
    get generation() {
      return generation
    },
    answered() {
      if (shallJoin) void join()
    },
    leave() {
      hasLeft = true
      if (id !== undefined && !process.isDead) group.leave(id)
    },
  }
}
