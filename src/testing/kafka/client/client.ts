/* A client of the broker in memory: all that one life of a process makes. */

import type { KafkaClient, KafkaMember } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { isLoading, type Process } from '../process/process.ts'
import { openMember } from './member.ts'
import type { Membership } from './membership.ts'
import { openProducer } from './producer.ts'
import { createReader } from './reader.ts'

export function createSimulatedClient(process: Process): KafkaClient {
  const { broker } = process
  const { topics, transactions } = broker
  const memberships = new Map<KafkaMember, Membership>()
  const open = new Set<{ close(timeout: number): Promise<void> }>()

  let isClosed = false

  const membershipOf = (member: KafkaMember): Membership => memberships.get(member)!
  const kept = <Made extends { close(timeout: number): Promise<void> }>(made: Made): Made => {
    open.add(made)
    if (isClosed) {
      void made.close(0)
      throw new KafkaError('unreachable', 'the client has been closed')
    }
    return made
  }

  return {
    topics: (names, timeout) =>
      process.call('asking for topics', timeout, () => {
        const wanted = names === 'all' ? [...topics.names()] : names
        const found = wanted.map((name) => [name, topics.find(name)] as const)
        return new Map(found.flatMap(([name, topic]) => (topic === undefined ? [] : [[name, topic] as const])))
      }),
    createTopics: (some, timeout) =>
      process.call('creating topics', timeout, () => {
        for (const topic of some) topics.create(topic)
      }),
    deleteTopics: (names, timeout) =>
      process.call('deleting topics', timeout, () => {
        for (const name of names) topics.remove(name)
      }),
    ends: (places, isolation, timeout) =>
      process.call('asking for ends', timeout, () =>
        places.map((place) => {
          const { low, end, stable } = topics.log(place)
          return { low, end: isolation === 'committed' ? stable : end }
        }),
      ),
    offsetsAt: (places, time, timeout) =>
      process.call('asking for times', timeout, () => places.map((place) => topics.log(place).offsetAt(time))),
    deleteBefore: (places, timeout) =>
      process.call('deleting records', timeout, () => {
        for (const place of places) topics.log(place).deleteBefore(place.offset)
      }),
    members: (group, timeout) =>
      process.call('asking for members', timeout, () => {
        if (isLoading(broker)) throw new KafkaError('again', 'the coordinator is being loaded', 14)
        return broker.members(group)
      }),
    groups: (timeout) =>
      process.call('listing groups', timeout, () =>
        [...broker.groups()].filter(
          (group) => broker.members(group).length > 0 || broker.offsets(group).all().length > 0,
        ),
      ),
    committedOf: (group, timeout) => process.call('asking for all offsets', timeout, () => broker.offsets(group).all()),
    deleteGroups: (groups, timeout) =>
      process.call('deleting groups', timeout, () => {
        for (const group of groups) broker.deleteGroup(group)
      }),
    // Nothing stands still here but what a transaction holds.
    endTransactionOf: (transactionalId, _standing, timeout) =>
      process.call('ending a transaction', timeout, async () => {
        await transactions.begin(transactionalId, 60_000).catch((error: unknown) => {
          if (!(error instanceof KafkaError) || error.fault !== 'fenced') throw error // another one ends it too
        })
      }),
    async reader(isolation, timeout) {
      await process.call('connecting', timeout, () => undefined)
      return kept(createReader({ process, isolation }))
    },
    async member(options, timeout) {
      await process.call('connecting', timeout, () => undefined)
      const { member, membership } = openMember(process, options)
      memberships.set(member, membership)
      return kept(member)
    },
    producer: async (options, timeout) => kept(await openProducer({ process, membershipOf }, options, timeout)),
    async close(timeout) {
      isClosed = true
      await Promise.all([...open].map((made) => made.close(timeout)))
    },
  }
}
