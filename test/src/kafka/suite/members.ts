import type { KafkaClient, KafkaMember, KafkaRecord, MemberOptions, Place } from '../../../../src/kafka/client.ts'
import { eventually, soon, word, type Trial } from './trial.ts'

/** A member that says what it owns, as a worker does. */
export interface Player {
  readonly name: string
  readonly client: KafkaClient
  readonly member: KafkaMember
  /** Places as words, sorted. */
  readonly owned: () => string[]
  /** What has happened to it, in order: `assigned`, `revoked` or `lost`, and the places. */
  readonly events: readonly string[]
  readonly records: readonly KafkaRecord[]
  /** Polls once, shortly. */
  poll(): Promise<void>
}

/** A group of these topics, whose members are of a process each. */
export interface Team {
  readonly group: string
  /** Of a process of its own, unless its client is given. */
  join(options?: Partial<MemberOptions>, client?: KafkaClient): Promise<Player>
  /** Everybody polls until each place is owned by exactly one of them, and as this says if it is given. */
  settled(players: readonly Player[], places: readonly Place[], also?: () => boolean): Promise<void>
}

export function createTeam(trial: Trial, topics: readonly string[], protocol: MemberOptions['protocol']): Team {
  const group = trial.name('group')
  return {
    group,
    async join(options = {}, client = trial.client()) {
      const name = trial.name('member')
      const owned = new Set<string>()
      const events: string[] = []
      const records: KafkaRecord[] = []
      const note = (what: string, places: readonly Place[]): void => {
        events.push(`${what} ${places.map(word).sort().join(' ')}`)
      }
      const take = (places: readonly Place[]): void => {
        for (const place of places) owned.delete(word(place))
      }
      const member: KafkaMember = await client.member(
        {
          client: name,
          group,
          topics,
          sessionTimeout: 6_000,
          protocol,
          ...options,
          assigned(places) {
            note('assigned', places)
            for (const place of places) owned.add(word(place))
            options.assigned?.(places)
          },
          async revoked(places) {
            note('revoked', places)
            await options.revoked?.(places)
            take(places)
          },
          lost(places) {
            note('lost', places)
            take(places)
            options.lost?.(places)
          },
        },
        soon,
      )
      return {
        name,
        client,
        member,
        events,
        records,
        owned: () => [...owned].sort(),
        async poll() {
          records.push(...(await member.poll(100, 100)))
        },
      }
    },
    async settled(players, places, also = () => true) {
      const all = places.map(word).sort()
      await eventually(`each of ${all.join(' ')} owned by one`, async () => {
        await Promise.all(players.map((player) => player.poll()))
        const owned = players.flatMap((player) => player.owned()).sort()
        return owned.length === all.length && owned.every((one, index) => one === all[index]) && also()
      })
    },
  }
}
