import { createHeavyHitters } from '../statistics/heavyHitters.ts'
import type { MeteredEntities } from '../../context/meter.ts'

/** A step that uses entities, as far as it is asked here. */
export interface KeyedStep {
  readonly entities: MeteredEntities | undefined
  /** Of an asynchronous step. */
  readonly buffer: object | undefined
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
  seen(step: KeyedStep, message: unknown, messages: number, time: number): void
  /** Takes a message while a key is followed. */
  passed<In>(step: KeyedStep, message: In, next: (message: In) => void): void
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

  /** `undefined` where it cannot be told: the step itself will find that out. */
  const keyOf = (step: KeyedStep, message: unknown): bigint | undefined => {
    try {
      return step.entities?.keyOf(message as never)
    } catch {
      return undefined
    }
  }

  const tell = (step: KeyedStep, key: bigint | undefined, message: unknown): void => {
    if (key === undefined) return
    for (const follower of followers.values()) {
      if (follower.key === key) follower.listener({ step, key, message, state: step.entities?.state(key) })
    }
  }

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
    seen(step, message, messages, time) {
      const key = keyOf(step, message)
      if (key !== undefined) hitters.add(key, messages, time)
      if (step.buffer !== undefined && followers.size > 0) tell(step, key, message) // asynchronous: it is done now
    },
    passed(step, message, next) {
      if (step.buffer !== undefined) {
        next(message)
        return
      }
      const key = keyOf(step, message) // before: the step may change the message
      next(message)
      tell(step, key, message)
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
