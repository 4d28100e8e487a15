import { createHeavyHitters } from '../statistics/heavyHitters.ts'
import type { MeteredEntities } from '../../context/meter.ts'

/** A step that uses entities, as far as it is asked here. */
export interface KeyedStep {
  readonly entities: MeteredEntities | undefined
  want(among: number): void
}

/** What happened at a message of a key that is followed. */
export interface KeySeen {
  readonly step: KeyedStep
  readonly key: bigint
  readonly message: unknown
  /** After the message. */
  readonly state: unknown
}

/** The messages of one state partition, by key: which are the hottest, and what happens at one that is followed. */
export interface EntityUse {
  /** A key is followed: then every message is looked at. */
  readonly isFollowed: boolean
  join(step: KeyedStep): void
  leave(step: KeyedStep): void
  /** A message took so long; it stands for `messages`. */
  seen(key: bigint | undefined, messages: number, time: number): void
  /** A message has been taken. */
  passed(step: KeyedStep, key: bigint | undefined, message: unknown): void
  follow(key: bigint, listener: (seen: KeySeen) => void): () => void
  hottest(): { key: string; count: number; time: number }[]
  /** So many seconds have passed. */
  tick(seconds: number): void
}

const capacity = 100 // keys that are counted
const shown = 20
const memory = 60 // seconds after which a message counts 1 / e

export function createEntityUse(): EntityUse {
  const steps = new Set<KeyedStep>()
  const hitters = createHeavyHitters(capacity)
  const followers = new Map<symbol, { readonly key: bigint; readonly listener: (seen: KeySeen) => void }>()

  return {
    get isFollowed() {
      return followers.size > 0
    },
    join(step) {
      steps.add(step)
    },
    leave(step) {
      steps.delete(step)
    },
    seen(key, messages, time) {
      if (key !== undefined) hitters.add(key, messages, time)
    },
    passed(step, key, message) {
      if (key === undefined) return
      for (const follower of followers.values()) {
        if (follower.key === key) follower.listener({ step, key, message, state: step.entities?.state(key) })
      }
    },
    follow(key, listener) {
      const id = Symbol('follower')
      followers.set(id, { key, listener })
      for (const step of steps) step.want(1)
      return () => {
        followers.delete(id)
      }
    },
    hottest: () =>
      hitters.top(shown).map(({ key, count, time }) => ({ key: String(key), count: Math.round(count), time })),
    tick(seconds) {
      hitters.fade(Math.exp(-seconds / memory))
    },
  }
}
