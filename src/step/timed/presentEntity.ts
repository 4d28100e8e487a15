import { WallarxError } from '../../base/errors.ts'
import { invalidOption } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import { keyOf } from '../../key/key.ts'
import type { EntityTable } from '../../state/entityTable.ts'
import type { TableTimers } from '../../state/timers/tableTimers.ts'
import { expiry, isTimerName, type TimerName } from '../../state/timers/timerName.ts'
import type { StepTime } from '../../time/stepTime.ts'
import type { TimedEntity } from '../../time/timers.ts'

const nobody = -1

/**
 * The entity that a timed step works on: one object for all of them, since they come one at a time. A class, because
 * numbers that are no integers stand in its fields without an object for each.
 */
export class PresentEntity implements TimedEntity {
  now = -Infinity
  /** `remove` was called. */
  removed = false
  /** What was thrown is that a timer was set to no time, and so not before anything was changed. */
  timeInvalid = false
  /** How many timers were set that are due at once; whoever counts begins with 0. */
  dueAtOnce = 0
  /** That of a timer; NaN: it is a message, whose time is in the register. */
  private firedAt = NaN
  private slot = nobody
  private readonly entities: EntityTable<unknown>
  private readonly timers: TableTimers
  private readonly stepTime: Pick<StepTime, 'time'>

  constructor(entities: EntityTable<unknown>, stepTime: Pick<StepTime, 'time'>) {
    this.entities = entities
    this.timers = entities.timers()
    this.stepTime = stepTime
  }

  /** A computation begins with the entity in this slot. */
  begin(slot: number, now: number, firedAt: number): void {
    this.slot = slot
    this.now = now
    this.firedAt = firedAt
  }

  /** It is over: nothing of it may be used any more. */
  end(): void {
    this.slot = nobody
    this.removed = false
  }

  get time(): number {
    const { firedAt } = this
    return Number.isNaN(firedAt) ? this.stepTime.time() : firedAt
  }

  get key(): bigint {
    this.check()
    return keyOf(this.entities.low(this.slot), this.entities.high(this.slot))
  }

  at(name: TimerName): number | undefined {
    this.check()
    return this.timers.at(this.slot, name)
  }

  set(name: TimerName, at: number | Date): void {
    this.check()
    const time = typeof at === 'number' ? at : toTime(at)
    if (!Number.isFinite(time)) {
      this.timeInvalid = true
      throw noTime(at, this.entities.name)
    }
    if (!isTimerName(name)) throw invalidOption('the name of a timer', 'a string or a finite number', name)
    this.setTo(name, time)
  }

  private setTo(name: TimerName, time: number): void {
    if (time <= this.now) this.dueAtOnce++
    this.timers.set(this.slot, name, time)
    if (!this.entities.isStored(this.slot)) this.entities.changed(this.slot) // stored timers need their entity
  }

  /** The entity expires so long after its present message, or after an earlier one with a later time. */
  expireAfter(milliseconds: number): void {
    const at = this.time + milliseconds
    if (Number.isNaN(at)) throw lostTime(this.entities.name)
    const known = this.timers.at(this.slot, expiry)
    if (known === undefined || at > known) this.setTo(expiry, at)
  }

  clear(name: TimerName): void {
    this.check()
    this.timers.clear(this.slot, name)
  }

  remove(): void {
    this.check()
    this.removed = true
  }

  begun(start: number, state: unknown): void {
    this.timers.newest.put(this.slot, start, state)
  }

  private check(): void {
    if (this.slot === nobody) throw tooLate(this.entities.name)
  }
}

const toTime = (at: unknown): number => (at instanceof Date ? at.getTime() : NaN)

const noTime = (at: unknown, partition: string): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: 'a timer to be set to a time in ms since 1970 or a Date',
    got: shown(at),
    where: { partition },
  })

const lostTime = (partition: string): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: 'a message with a time',
    got: 'one that has lost it: an operator that delays messages stands behind eventTime',
    where: { partition },
  })

const tooLate = (partition: string): WallarxError =>
  new WallarxError('TIMER_FAILED', {
    expected: 'the timers of an entity to be used while its computation is under way',
    got: 'a use of them after it',
    where: { partition },
  })
