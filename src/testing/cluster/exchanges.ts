import type { Broker } from '../kafka/broker/broker.ts'

/** Whether something that workers have handed over to each other is not processed yet. */
export function isExchangeBehind(broker: Broker): boolean {
  for (const group of broker.groups()) {
    const topic = `${group}.exchange` // what a cluster calls it; there is none of a source's group
    const offsets = broker.offsets(group)
    const { partitions } = broker.topics.find(topic) ?? { partitions: 0 }
    for (let partition = 0; partition < partitions; partition++) {
      const log = broker.topics.log({ topic, partition })
      const from = Math.max(log.low, offsets.at({ topic, partition }) ?? 0)
      if (from < log.end && log.read(from, 1, 'committed').entries.length > 0) return true
    }
  }
  return false
}
