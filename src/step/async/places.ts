/** So many computations may be under way at once, of all who share these. */
export class Places {
  readonly most: number
  taken = 0
  readonly #isAlone: boolean
  /** Who has something to do that all places were taken for. */
  readonly #waiting = new Set<() => void>()

  /** `isAlone`: nobody shares them. */
  constructor(most: number, isAlone = false) {
    this.most = most
    this.#isAlone = isAlone
  }

  /** Calls `workOn` when a place is free, in its turn. */
  wait(workOn: () => void): void {
    if (!this.#isAlone) this.#waiting.add(workOn)
  }

  /** A place is free, of who works on so. */
  pass(workOn: () => void): void {
    if (this.#isAlone) {
      workOn()
      return
    }
    for (const next of this.#waiting) {
      if (this.taken >= this.most) return
      this.#waiting.delete(next)
      next()
    }
  }

  /** Who works on so has ended, and had so many of them. */
  leave(taken: number, workOn: () => void): void {
    this.taken -= taken
    this.#waiting.delete(workOn)
  }
}
