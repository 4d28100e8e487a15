/** What a stage is at with messages that reach it in the middle of others. */
const idle = 0
const busy = 1 // with one of them: what arrives meanwhile waits its turn
const overCapacity = 2 // as busy, and something waits

/** Lets one piece of work after the other have its turn, in order of arrival, also those that others lead to. */
export class Turns {
  #turn: typeof idle | typeof busy | typeof overCapacity = idle
  #waiting: (() => void)[] = []
  readonly #over: () => boolean

  /** What waits is dropped when it is `over`. */
  constructor(over: () => boolean) {
    this.#over = over
  }

  get idle(): boolean {
    return this.#turn === idle
  }

  /** Begins a turn where nothing is at work: to be ended. */
  begin(): void {
    this.#turn = busy
  }

  end(): void {
    while (this.#turn === overCapacity) {
      const batch = this.#waiting
      this.#waiting = []
      this.#turn = busy
      for (const work of batch) if (!this.#over()) work()
    }
    this.#turn = idle
  }

  /** For while something is at work. */
  wait(work: () => void): void {
    this.#turn = overCapacity
    this.#waiting.push(work)
  }

  take(work: () => void): void {
    if (!this.idle) {
      this.wait(work)
      return
    }
    this.begin()
    if (!this.#over()) work()
    this.end()
  }

  clear(): void {
    this.#waiting = []
  }
}
