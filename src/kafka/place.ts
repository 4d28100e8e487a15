import type { Place } from './client.ts'

/**
 * Names a place, so that places can be keys of a Map: two of them have the same name only where they are the same.
 */
export const idOf = ({ topic, partition }: Place): string => `${topic}/${partition}`

/** All places of a topic with so many partitions. */
export const placesOf = (topic: string, partitions: number): Place[] =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
