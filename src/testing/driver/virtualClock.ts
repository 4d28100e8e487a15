import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** A clock of its own for all that is begun inside `within`, and for what that begins in turn. */
export interface VirtualClock {
  /** Milliseconds, as `Date.now()` gives them inside. */
  readonly now: number
  within<Result>(work: () => Result): Result
  /**
   * Fires every timer that is due until then, in order, and sets the time. Timers that they set are fired too, if due.
   */
  advance(milliseconds: number): void
  /** Goes to the next timer that is set and fires it, and whatever else is due then. `false`: there is none. */
  fireNext(): boolean
  /** Resolves when a timer is set; at once while one is. */
  timerSet(): Promise<void>
  /** Forgets all timers. */
  clear(): void
  /** Forgets all timers and gives the global functions back, if this was the last clock. */
  close(): void
}

const inside = new AsyncLocalStorage<Clock>()
type Timers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval'>

// What stands in the place of the global functions, while there is a clock. They do what they always do for everybody
// who is not inside one.
let open = 0
let before: { readonly timers: Timers; readonly now: () => number } | undefined

/**
 * Replaces the global `setTimeout`, `setInterval`, `clearTimeout`, `clearInterval` and `Date.now` by functions that
 * look where they are called from (`AsyncLocalStorage`, which follows promises, timers and events). `timerSet` is told
 * when each timer that is set is due.
 */
export function createVirtualClock(start: number, timerSet?: (due: number) => void): VirtualClock {
  if (open++ === 0) install()
  return new Clock(start, timerSet)
}

class Clock implements VirtualClock {
  now: number
  #timers = new Set<VirtualTimer>() // in order of setting
  #waiting: (() => void)[] = []
  #open = true
  readonly #timerSet: ((due: number) => void) | undefined

  constructor(start: number, timerSet?: (due: number) => void) {
    this.now = start
    this.#timerSet = timerSet
  }

  within<Result>(work: () => Result): Result {
    return inside.run(this, work)
  }

  set(callback: () => void, delay: unknown, repeat: boolean): VirtualTimer {
    const timer = new VirtualTimer(this, AsyncResource.bind(callback), delay, repeat)
    if (!this.#open) return timer
    this.add(timer)
    return timer
  }

  add(timer: VirtualTimer): void {
    this.#timers.add(timer)
    this.#timerSet?.(timer.due)
    const waiting = this.#waiting
    this.#waiting = []
    for (const tell of waiting) tell()
  }

  delete(timer: VirtualTimer): void {
    this.#timers.delete(timer)
  }

  has(timer: VirtualTimer): boolean {
    return this.#timers.has(timer)
  }

  advance(milliseconds: number): void {
    const until = this.now + milliseconds
    for (let timer = this.#next(); timer !== undefined && timer.due <= until; timer = this.#next()) this.#fire(timer)
    this.now = until
  }

  fireNext(): boolean {
    const first = this.#next()
    if (first === undefined) return false
    this.advance(Math.max(0, first.due - this.now))
    return true
  }

  timerSet(): Promise<void> {
    if (this.#timers.size > 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  clear(): void {
    this.#timers.clear()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.clear()
    if (--open === 0) uninstall()
  }

  #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined
    for (const timer of this.#timers) if (next === undefined || timer.due < next.due) next = timer
    return next
  }

  #fire(timer: VirtualTimer): void {
    this.now = Math.max(this.now, timer.due)
    this.#timers.delete(timer) // set anew, it comes after those that are due at the same time
    if (timer.repeat) timer.refresh()
    timer.callback()
  }
}

/** What the replaced functions return: as much of Node's `Timeout` as there is to do without a real one. */
class VirtualTimer {
  readonly callback: () => void
  readonly repeat: boolean
  due: number
  readonly #clock: Clock
  readonly #delay: number

  constructor(clock: Clock, callback: () => void, delay: unknown, repeat: boolean) {
    const milliseconds = Number(delay)
    this.#clock = clock
    this.#delay = milliseconds >= 1 && milliseconds < 2 ** 31 ? Math.trunc(milliseconds) : 1 // as Node does
    this.callback = callback
    this.repeat = repeat
    this.due = clock.now + this.#delay
  }

  refresh(): this {
    this.due = this.#clock.now + this.#delay
    this.#clock.add(this)
    return this
  }

  close(): this {
    this.#clock.delete(this)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return this.#clock.has(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function install(): void {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis
  const timers: Timers = { setTimeout, clearTimeout, setInterval, clearInterval }
  const { now } = Date
  before = { timers, now }
  type Callback = (...args: unknown[]) => void
  const setting = (repeat: boolean, real: (...args: unknown[]) => unknown) => {
    return (callback: Callback, delay?: number, ...args: unknown[]): unknown => {
      const clock = inside.getStore()
      if (clock === undefined || typeof callback !== 'function') return real(callback, delay, ...args)
      return clock.set(args.length === 0 ? callback : () => callback(...args), delay, repeat)
    }
  }
  const clearing = (real: (timer: never) => void) => {
    return (timer: unknown): void => {
      if (timer instanceof VirtualTimer) timer.close()
      else real(timer as never)
    }
  }
  // promisify(setTimeout) and the like keep what they have of their own.
  Object.assign(globalThis, {
    setTimeout: Object.assign(setting(false, setTimeout as never), setTimeout),
    setInterval: Object.assign(setting(true, setInterval as never), setInterval),
    clearTimeout: clearing(clearTimeout as never),
    clearInterval: clearing(clearInterval as never),
  })
  Date.now = () => inside.getStore()?.now ?? now.call(Date)
}

function uninstall(): void {
  Object.assign(globalThis, before!.timers)
  Date.now = before!.now
  before = undefined
}
