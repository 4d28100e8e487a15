import { expect } from 'vitest'
import type { MemberOptions } from '../../../../src/kafka/client.ts'
import { createTeam, type Player } from './members.ts'
import { at, eventually, placesOf, record, soon, text, transact, word, write, type Law } from './trial.ts'

const someOwn = (players: readonly Player[], least: number): boolean =>
  players.every((player) => player.owned().length >= least)

/** Groups: who owns what, and what is committed in their name. */
export function groupLaws(law: Law, protocol: MemberOptions['protocol']): void {
  law('a member alone owns all places, paused until they are resumed', async (trial) => {
    const topic = await trial.topic(3)
    await write(trial, topic, ['a', 'b'], 1)
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    await team.settled([player], placesOf(topic, 3))
    await player.poll()
    expect(player.records).toEqual([])
    const place = { topic, partition: 1 }
    await player.member.seek(at(place, 1))
    player.member.resume([place])
    await eventually('a record', async () => {
      await player.poll()
      return player.records.length > 0
    })
    expect(player.records.map(({ value, offset }) => [text(value), offset])).toEqual([['b', 1]])
  })

  law('a place whose first records are deleted is assigned as any other', async (trial) => {
    const topic = await trial.topic(3)
    const places = placesOf(topic, 3)
    for (const { partition } of places) await write(trial, topic, ['a', 'b', 'c'], partition)
    await trial.observer.deleteBefore(
      places.map((place) => at(place, 2)),
      soon,
    )
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    await team.settled([player], places)
    for (let polls = 0; polls < 5; polls++) await player.poll()
    for (const place of places) await player.member.seek(at(place, 2))
    player.member.resume(places)
    await eventually('three records', async () => {
      await player.poll()
      return player.records.length >= 3
    })
    expect(player.records.map(({ value, offset }) => [text(value), offset])).toEqual(places.map(() => ['c', 2]))
  })

  law('places move to members that come, and back from those that go', async (trial) => {
    const topic = await trial.topic(6)
    const places = placesOf(topic, 6)
    const team = createTeam(trial, [topic], protocol)
    const first = await team.join()
    await team.settled([first], places)
    const second = await team.join()
    await team.settled([first, second], places, () => someOwn([first, second], 3))
    const third = await team.join()
    const three = [first, second, third]
    await team.settled(three, places, () => someOwn(three, 2))
    await first.member.close(soon)
    await team.settled([second, third], places, () => someOwn([second, third], 3))
    await second.member.close(soon)
    await team.settled([third], places)
  })

  law('a place goes to another only after who has it has let go', async (trial) => {
    const topic = await trial.topic(2)
    const places = placesOf(topic, 2)
    const team = createTeam(trial, [topic], protocol)
    let letGo = (): void => undefined
    let isAsked = false
    const first = await team.join({
      revoked: () =>
        new Promise<void>((resolve) => {
          isAsked = true
          letGo = resolve
        }),
    })
    await team.settled([first], places)
    const second = await team.join()
    let isPolling = true
    const polling = (async () => {
      while (isPolling) await first.poll()
    })()
    await eventually('a revocation', async () => {
      await second.poll()
      return isAsked
    })
    for (let polls = 0; polls < 5; polls++) await second.poll()
    expect(second.owned()).toEqual([])
    letGo()
    await eventually('a place for the second', async () => {
      await second.poll()
      return second.owned().length === 1
    })
    isPolling = false
    await polling
    expect([...first.owned(), ...second.owned()].sort()).toEqual(places.map(word))
  })

  law('offsets that are sent with a transaction count when it is committed, and only then', async (trial) => {
    const topic = await trial.topic(2)
    const [place, other] = placesOf(topic, 2)
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    const { member } = player
    await team.settled([player], placesOf(topic, 2))
    expect(await member.committed([place!, other!], soon)).toEqual([undefined, undefined])
    const transactional = { transactionalId: trial.name('id'), transactionTimeout: 10_000 }
    const producer = await player.client.producer(transactional, soon)

    await producer.begin()
    await producer.sendOffsets([at(place!, 3)], member, soon)
    await producer.abort(soon)
    expect(await member.committed([place!], soon)).toEqual([undefined])

    await producer.begin()
    await producer.sendOffsets([at(place!, 5), at(other!, 7)], member, soon)
    await expect(member.committed([place!], 1_000)).rejects.toMatchObject({ name: 'KafkaError', fault: 'pending' })
    await producer.commit(soon)
    expect(await member.committed([other!, place!], soon)).toEqual([7, 5])
  })

  law('offsets are committed without a transaction', async (trial) => {
    const topic = await trial.topic()
    const [place] = placesOf(topic, 1)
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    await team.settled([player], [place!])
    await player.member.commitOffsets([at(place!, 4)], soon)
    expect(await player.member.committed([place!], soon)).toEqual([4])
    await player.member.close(soon)
    const successor = await team.join()
    await team.settled([successor], [place!])
    expect(await successor.member.committed([place!], soon)).toEqual([4])
  })

  law('the members of a group, and what they own, are told', async (trial) => {
    const topic = await trial.topic(2)
    const places = placesOf(topic, 2)
    const team = createTeam(trial, [topic], protocol)
    expect(await trial.observer.members(team.group, soon)).toEqual([])
    const [first, second] = [await team.join(), await team.join()]
    const both = [first, second]
    await team.settled(both, places, () => someOwn(both, 1))
    const members = await trial.observer.members(team.group, soon)
    expect(members.map(({ client }) => client).sort()).toEqual(both.map(({ name }) => name).sort())
    for (const player of both) {
      const found = members.find(({ client }) => client === player.name)
      expect(found!.places.map(word)).toEqual(player.owned())
    }
  })

  law('what is committed in the name of a group is told to others, without what is pending', async (trial) => {
    const topic = await trial.topic(3)
    const places = placesOf(topic, 3)
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    await team.settled([player], places)
    await player.member.commitOffsets([at(places[0]!, 4), at(places[2]!, 0)], soon)
    const committed = async (): Promise<unknown[]> => {
      const found = await trial.observer.committedOf(team.group, soon)
      return found.map((one) => [word(one), one.offset]).sort()
    }
    expect(await committed()).toEqual([
      [word(places[0]!), 4],
      [word(places[2]!), 0],
    ])
    const transactional = { transactionalId: trial.name('id'), transactionTimeout: 10_000 }
    const producer = await player.client.producer(transactional, soon)
    await producer.begin()
    await producer.sendOffsets([at(places[0]!, 9)], player.member, soon)
    expect((await committed())[0]).toEqual([word(places[0]!), 4])
    await producer.commit(soon)
    await eventually('the commit', async () => ((await committed())[0] as unknown[])[1] === 9)
    expect(await trial.observer.committedOf(trial.name('no-group'), soon)).toEqual([])
  })

  law('a group is deleted with its offsets when it has no members any more', async (trial) => {
    const topic = await trial.topic()
    const [place] = placesOf(topic, 1)
    const team = createTeam(trial, [topic], protocol)
    const player = await team.join()
    await team.settled([player], [place!])
    await player.member.commitOffsets([at(place!, 4)], soon)
    expect(await trial.observer.groups(soon)).toContain(team.group)
    await expect(trial.observer.deleteGroups([team.group], soon)).rejects.toMatchObject({ fault: 'occupied' })
    await player.member.close(soon)
    expect(await trial.observer.groups(soon)).toContain(team.group)
    await trial.observer.deleteGroups([team.group], soon)
    expect(await trial.observer.groups(soon)).not.toContain(team.group)
    expect(await trial.observer.committedOf(team.group, soon)).toEqual([])
    await expect(trial.observer.deleteGroups([team.group], soon)).rejects.toMatchObject({ fault: 'missing' })
    const successor = await team.join()
    await team.settled([successor], [place!])
    expect(await successor.member.committed([place!], soon)).toEqual([undefined])
  })

  law('a member that is being opened when its client is closed does not stay', async (trial) => {
    const topic = await trial.topic(2)
    const team = createTeam(trial, [topic], protocol)
    const client = trial.client()
    const joining = team.join({}, client)
    joining.catch(() => undefined)
    await client.close(soon)
    await expect(joining).rejects.toMatchObject({ name: 'KafkaError', fault: 'unreachable' })
    const successor = await team.join()
    await team.settled([successor], placesOf(topic, 2))
  })

  law('closing answers in the middle of a rebalance', async (trial) => {
    const topic = await trial.topic(2)
    const places = placesOf(topic, 2)
    const team = createTeam(trial, [topic], protocol)
    let isAsked = false
    const first = await team.join({
      revoked: () => {
        isAsked = true
        return new Promise<void>(() => undefined) // for ever
      },
    })
    await team.settled([first], places)
    const second = await team.join()
    let isClosed = false
    const polling = (async () => {
      while (!isClosed) await first.poll()
    })()
    polling.catch(() => undefined)
    await eventually('a revocation', async () => {
      await second.poll()
      return isAsked
    })
    await first.client.close(soon)
    isClosed = true
    await team.settled([second], places)
  })
}

/** What holds by the classic protocol only, because the new one does not say so, or it cannot be tried there. */
export function classicLaws(law: Law): void {
  law('a member that was put out of its group commits nothing any more', async (trial) => {
    const topic = await trial.topic()
    const places = placesOf(topic, 1)
    const team = createTeam(trial, [topic], 'classic')
    const first = await team.join()
    await team.settled([first], places)
    const transactional = { transactionalId: trial.name('id'), transactionTimeout: 10_000 }
    const producer = await first.client.producer(transactional, soon)
    await producer.begin()
    producer.produce(record(topic, 'of the evicted'))
    await trial.evict(team.group, first.name)
    const sending = producer.sendOffsets([at(places[0]!, 1)], first.member, soon)
    await expect(sending).rejects.toMatchObject({ name: 'KafkaError', fault: 'abort' })
    await producer.abort(soon)
    await transact(producer, 'commit', [record(topic, 'of the living')])
  })

  law('a member that was put out of its group is told that its offsets are not committed', async (trial) => {
    const topic = await trial.topic()
    const places = placesOf(topic, 1)
    const team = createTeam(trial, [topic], 'classic')
    const first = await team.join()
    await team.settled([first], places)
    await trial.evict(team.group, first.name)
    const committing = first.member.commitOffsets([at(places[0]!, 1)], soon)
    await expect(committing).rejects.toMatchObject({ name: 'KafkaError', fault: 'abort' })
    expect(await trial.observer.committedOf(team.group, soon)).toEqual([])
  })

  law('a member that was put out of its group loses its places, and may come again', async (trial) => {
    const topic = await trial.topic(2)
    const places = placesOf(topic, 2)
    const team = createTeam(trial, [topic], 'classic')
    const [first, second] = [await team.join(), await team.join()]
    const both = [first, second]
    await team.settled(both, places, () => someOwn(both, 1))
    const before = first.owned()
    await trial.evict(team.group, first.name)
    await eventually('the loss', async () => {
      await Promise.all(both.map((player) => player.poll()))
      return first.events.includes(`lost ${before.join(' ')}`)
    })
    await team.settled(both, places, () => someOwn(both, 1))
  })

  law('a topic that does not exist is missing', async (trial) => {
    const team = createTeam(trial, [trial.name('missing')], 'classic')
    const player = await team.join()
    const polling = eventually('the end', async () => {
      await player.poll()
      return false
    })
    await expect(polling).rejects.toMatchObject({ name: 'KafkaError', fault: 'missing' })
  })
}
