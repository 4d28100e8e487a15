import { compareNames, type TimerName } from './timerName.ts'

/** The timers of one entity. The first one needs no Map: most entities have no other. */
export class EntityTimers {
  /** They are not as they were last stored. */
  changed = false
  private firstName: TimerName | undefined
  private firstAt = 0
  private others: Map<TimerName, number> | undefined

  get size(): number {
    return (this.firstName === undefined ? 0 : 1) + (this.others?.size ?? 0)
  }

  /** When it fires; `undefined` where it is not set. */
  at(name: TimerName): number | undefined {
    return name === this.firstName ? this.firstAt : this.others?.get(name)
  }

  set(name: TimerName, at: number): void {
    if (name === this.firstName) this.firstAt = at
    else if (this.others?.has(name) === true) this.others.set(name, at)
    else if (this.firstName === undefined) {
      this.firstName = name
      this.firstAt = at
    } else (this.others ??= new Map<TimerName, number>()).set(name, at)
  }

  delete(name: TimerName): void {
    if (name === this.firstName) this.firstName = undefined
    else this.others?.delete(name)
  }

  clear(): void {
    this.firstName = undefined
    this.others = undefined
  }

  forEach(visit: (name: TimerName, at: number) => void): void {
    if (this.firstName !== undefined) visit(this.firstName, this.firstAt)
    this.others?.forEach((at, name) => {
      visit(name, at)
    })
  }

  /** The first that is not later. */
  firstUntil(now: number): { readonly name: TimerName; readonly at: number } | undefined {
    let first: { name: TimerName; at: number } | undefined
    this.forEach((name, at) => {
      if (at > now) return
      if (first === undefined || at < first.at || (at === first.at && compareNames(name, first.name) < 0)) {
        first = { name, at }
      }
    })
    return first
  }
}
