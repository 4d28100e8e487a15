/* A process: what can be killed and frozen, and what its calls to a broker meet on their way. */

import type { Clock } from '../../../base/clock.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Broker } from '../broker/broker.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** What one call meets: before it takes effect, and after that. */
export interface Fate {
  /** In ms, on the way there and on the way back, besides what it always takes. */
  readonly slow?: number
  /** Whether the call, or its reply, does not arrive. */
  readonly lost?: 'call' | 'reply'
  /** What becomes of the process when the call has, or has not yet, taken effect. */
  readonly before?: 'kill' | { readonly freeze: number }
  readonly after?: 'kill' | { readonly freeze: number }
}

export interface Process {
  readonly name: string
  /** Stands still while the process is frozen, and is right again then. */
  readonly clock: Clock
  readonly broker: Broker
  readonly random: Random
  /** Whether it has been killed. */
  readonly isDead: boolean
  readonly isFrozen: boolean
  /**
   * Has the broker do something; resolves to what came of it. Rejects as `unreachable` when the timeout is over, in ms,
   * whether it was done or not, and when the process is dead: what it does from then on is in vain.
   */
  call<Result>(what: string, timeout: number, work: () => Result | Promise<Result>): Promise<Result>
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
/** In ms: after so long a client asks again by itself, where it waits for ever. */
const untilAskedAgain = 1000
/** In ms: how long the broker has to load what its coordinators know. */
const loading = 100

export function createProcess({ name, timeline, broker, random }: ProcessOptions): Process {
  let isDead = false
  let frozenUntil = 0
  let held: (() => void)[] = []
  /** What tells those who wait that it is dead. */
  const waiting = new Set<(error: KafkaError) => void>()

  const isFrozen = (): boolean => timeline.now < frozenUntil
  const thaw = (): void => {
    if (isFrozen() || isDead) return
    const now = held
    held = []
    for (const work of now) self.run(work)
  }

  const suffer = (what: Fate['before']): void => {
    if (what === 'kill') self.kill()
    else if (what !== undefined) self.freeze(what.freeze)
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
    call(what, timeout, work) {
      return new Promise((resolve, reject) => {
        if (isDead) {
          reject(dead())
          return
        }
        waiting.add(reject)
        const { slow = 0, lost, before, after } = self.fate?.(what) ?? {}
        let isOver = false
        let forgetTimeout = (): void => undefined
        const reply = (settle: () => void): void => {
          const isAgain = lost === 'reply' && timeout === Infinity
          if (lost === 'reply' && !isAgain) return
          timeline.after(latency() + slow + (isAgain ? untilAskedAgain : 0), () => {
            self.run(() => {
              if (isOver) return
              isOver = true
              waiting.delete(reject)
              forgetTimeout()
              settle()
            })
          })
        }
        const arrive = async (): Promise<void> => {
          if (!broker.isUp) await broker.whenUp()
          if (isOver) return // whoever asked has given it up
          try {
            const result = await work()
            reply(() => {
              resolve(result)
            })
          } catch (error) {
            reply(() => {
              reject(error as Error)
            })
          }
        }
        const send = (): void => {
          if (lost !== 'call') timeline.after(latency() + slow, () => void arrive())
          if (timeout < Infinity) {
            forgetTimeout = self.after(timeout, () => {
              if (isOver) return
              isOver = true
              waiting.delete(reject)
              reject(new KafkaError('unreachable', `${what}: no answer within ${timeout} ms`, -185))
            })
          }
          suffer(after)
        }
        suffer(before)
        if (isFrozen()) held.push(send)
        else if (!self.isDead) send()
      })
    },
  }
  return self
}

/** Whether what coordinators know is being loaded. */
export const isLoading = (broker: Broker): boolean => broker.upFor < loading
