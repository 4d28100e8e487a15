/* A process: what can be killed and frozen, and what its calls to a broker meet on their way. */

import type { Clock } from '../../../base/clock.ts'
import { createCall, type Call, type Fate } from './call.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Broker } from '../broker/broker.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

export interface Process {
  readonly name: string
  /** Stands still while the process is frozen, and is right again then. */
  readonly clock: Clock
  readonly broker: Broker
  readonly random: Random
  /** Whether it has been killed. */
  readonly isDead: boolean
  readonly isFrozen: boolean
  readonly call: Call
  /** Does something later, if it lives, and is not frozen then. */
  after(milliseconds: number, work: () => void): () => void
  /** Resolves later, or as soon as it is woken. Rejects as `unreachable` when the process dies. */
  sleep(milliseconds: number, wakeWith?: (wake: () => void) => void): Promise<void>
  /** Does something in the process: at once, or when it is not frozen any more. */
  run(work: () => void): void
  /** Nothing of it happens any more. What it has sent arrives. Whatever waits in it is told, so that it lets go. */
  kill(): void
  /** Nothing of it happens for so many ms. */
  freeze(milliseconds: number): void
  /** Is asked what a call meets. */
  fate: ((what: string) => Fate | undefined) | undefined
  /** Is called when it is killed. */
  onKill: (() => void) | undefined
  /** How its code is entered. */
  enter: (work: () => void) => void
}

export interface ProcessOptions {
  readonly name: string
  readonly timeline: Timeline
  readonly broker: Broker
  readonly random: Random
}

/** In ms: how long something is on its way. */
const quickest = 0.05
const slowest = 2
/** In ms: how long the broker has to load what its coordinators know. */
const loading = 100

export function createProcess({ name, timeline, broker, random }: ProcessOptions): Process {
  let isDead = false
  let frozenUntil = 0
  let held: (() => void)[] = []
  /** What tells those who wait that it is dead. */
  const waiting = new Set<(error: unknown) => void>()

  const isFrozen = (): boolean => timeline.now < frozenUntil
  const thaw = (): void => {
    if (isFrozen() || isDead) return
    const now = held
    held = []
    for (const work of now) self.run(work)
  }

  const dead = (): KafkaError => new KafkaError('unreachable', `${name} is dead`, -195)

  const latency = (): number => random.between(quickest, slowest)

  const self: Process = {
    name,
    broker,
    random,
    fate: undefined,
    onKill: undefined,
    enter: (work) => {
      work()
    },
    clock: {
      now: () => timeline.now,
      elapsed: () => timeline.now,
      after: (milliseconds, work) => self.after(milliseconds, work),
    },
    get isDead() {
      return isDead
    },
    get isFrozen() {
      return isFrozen()
    },
    run(work) {
      if (isDead) return
      if (isFrozen()) held.push(work)
      else self.enter(work)
    },
    after(milliseconds, work) {
      let isWanted = true
      const cancel = timeline.after(milliseconds, () => {
        self.run(() => {
          if (isWanted) work()
        })
      })
      return () => {
        isWanted = false
        cancel()
      }
    },
    sleep: (milliseconds, wakeWith) =>
      new Promise((resolve, reject) => {
        if (isDead) {
          reject(dead())
          return
        }
        const end = (): void => {
          waiting.delete(reject)
          forget()
          resolve()
        }
        const forget = self.after(milliseconds, end)
        waiting.add(reject)
        wakeWith?.(() => {
          self.run(end)
        })
      }),
    kill() {
      if (isDead) return
      isDead = true
      held = []
      for (const reject of waiting) reject(dead())
      waiting.clear()
      self.onKill?.()
    },
    freeze(milliseconds) {
      frozenUntil = Math.max(frozenUntil, timeline.now + milliseconds)
      timeline.after(milliseconds, thaw)
    },
    call: (what, timeout, work) => (isDead ? Promise.reject(dead()) : call(what, timeout, work)),
  }
  const call = createCall({ process: self, timeline, broker, latency, waiting })
  return self
}

/** Whether what coordinators know is being loaded. */
export const isLoading = (broker: Broker): boolean => broker.upFor < loading
