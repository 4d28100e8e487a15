import { heartbeatInterval, type Holder, type Membership } from './membership.ts'

/** Says again and again what it has, and is told what it shall have. */
export function joinConsumer(holder: Holder): Membership {
  const { process, options } = holder
  const { client, topics, sessionTimeout } = options
  const group = process.broker.consumer(options.group)
  let id: string | undefined
  let epoch = 0
  let hasLeft = false

  const beat = (): void => {
    if (hasLeft || process.isDead || !process.broker.isUp) return
    if (id === undefined && holder.isBusy) return // what is lost is let go of first
    id ??= group.join({ client, topics, sessionTimeout })
    const told = group.heartbeat(id, holder.held())
    if (told === undefined) {
      id = undefined
      holder.lose()
      return
    }
    epoch = told.epoch
    if (!holder.isBusy) holder.give(told.places)
  }
  const beatAgain = (): void => {
    if (hasLeft) return
    beat()
    process.after(heartbeatInterval(sessionTimeout), beatAgain)
  }

  process.after(0, beatAgain)
  return {
    group,
    offsets: group.offsets,
    get id() {
      return id
    },
    get generation() {
      return epoch
    },
    answered: beat,
    leave() {
      hasLeft = true
      if (id !== undefined && !process.isDead) group.leave(id)
    },
  }
}
