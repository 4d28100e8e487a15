import { WallarxError } from '../../base/errors.ts'
import { invalidOption } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import { keyOf } from '../../key/key.ts'
import type { EntityTable } from '../../state/entityTable.ts'
import { isTimerName } from '../../state/timers/timerName.ts'
import type { TimedEntity } from '../../time/timers.ts'

/** The entity that a timed step works on: one object for all of them, since they come one at a time. */
export interface PresentEntity extends TimedEntity {
  /** `remove` was called. */
  readonly removed: boolean
  /** What was thrown last is that a timer was set to no time, and so not before anything was changed. */
  readonly timeInvalid: boolean
  /** How many timers were set since `count` was set that are due at once. */
  dueAtOnce: number
  /** A computation begins with the entity in this slot. */
  begin(slot: number, now: number, time: number): void
  /** It is over: nothing of it may be used any more. */
  end(): void
}

const nobody = -1

export function createPresentEntity(entities: EntityTable<unknown>): PresentEntity {
  const timers = entities.timers()
  let slot = nobody
  let now = -Infinity
  let time = NaN
  let removed = false
  let timeInvalid = false

  const check = (): void => {
    if (slot === nobody) throw tooLate(entities.name)
  }

  return {
    dueAtOnce: 0,
    get removed() {
      return removed
    },
    get timeInvalid() {
      return timeInvalid
    },
    get now() {
      return now
    },
    get time() {
      return time
    },
    get key() {
      check()
      return keyOf(entities.low(slot), entities.high(slot))
    },
    at(name) {
      check()
      return timers.at(slot, name)
    },
    set(name, at) {
      check()
      const when = typeof at === 'number' ? at : toTime(at)
      if (!Number.isFinite(when)) {
        timeInvalid = true
        throw noTime(at, entities.name)
      }
      if (!isTimerName(name)) throw invalidOption('the name of a timer', 'a string or a finite number', name)
      if (when <= now) this.dueAtOnce++
      timers.set(slot, name, when)
      if (!entities.isStored(slot)) entities.changed(slot) // stored timers need their entity
    },
    clear(name) {
      check()
      timers.clear(slot, name)
    },
    remove() {
      check()
      removed = true
    },
    begin(present, presentNow, presentTime) {
      slot = present
      now = presentNow
      time = presentTime
      removed = timeInvalid = false
    },
    end() {
      slot = nobody
    },
  }
}

const toTime = (at: unknown): number => (at instanceof Date ? at.getTime() : NaN)

const noTime = (at: unknown, partition: string): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: 'a timer to be set to a time in ms since 1970 or a Date',
    got: shown(at),
    where: { partition },
  })

const tooLate = (partition: string): WallarxError =>
  new WallarxError('TIMER_FAILED', {
    expected: 'the timers of an entity to be used while its computation is under way',
    got: 'a use of them after it',
    where: { partition },
  })
