import type { Place } from '../client.ts'

/** How far places have been handed over. Of one run: a source that is subscribed to again goes on there. */
export interface Reached {
  /** The offset that comes next; `undefined`: not known yet. */
  of(place: Place): number | undefined
  set(place: Place, offset: number): void
}

export function createReached(): Reached {
  const topics = new Map<string, (number | undefined)[]>()
  return {
    of: ({ topic, partition }) => topics.get(topic)?.[partition],
    set({ topic, partition }, offset) {
      const ofTopic = topics.get(topic)
      if (ofTopic !== undefined) ofTopic[partition] = offset
      else topics.set(topic, Object.assign([], { [partition]: offset }))
    },
  }
}
