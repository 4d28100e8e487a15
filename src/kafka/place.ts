import type { Place } from './client.ts'

/**
 * Names a place, so that places can be keys of a Map: two of them have the same name only where they are the same.
 */
export const idOf = ({ topic, partition }: Place): string => `${topic}/${partition}`
