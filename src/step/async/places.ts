/** So many computations may be under way at once, of all who share these. */
export class Places {
  readonly most: number
  taken = 0
  /** Who has something to do that all places were taken for. */
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.most = most
  }

  /** Calls `workOn` when a place is free that another one does not need. */
  wait(workOn: () => void): void {
    this.#waiting.add(workOn)
  }

  pass(): void {
    for (const workOn of this.#waiting) {
      if (this.taken >= this.most) return
      this.#waiting.delete(workOn)
      workOn()
    }
  }

  forget(workOn: () => void): void {
    this.#waiting.delete(workOn)
  }
}
