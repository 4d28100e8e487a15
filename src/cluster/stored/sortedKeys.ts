/** Keys, as text, that are asked for in order now and then, and change all the time. */
export class SortedKeys {
  readonly #present = new Set<string>()
  #sorted: string[] = []
  #added: string[] = []
  /** Some of `#sorted` are not there any more. */
  #isStale = false

  add(key: string): void {
    if (this.#present.has(key)) return
    this.#present.add(key)
    this.#added.push(key)
  }

  delete(key: string): void {
    if (this.#present.delete(key)) this.#isStale = true
  }

  /** Those from this one on, in order. */
  from(first: string): string[] {
    if (this.#isStale || this.#added.length > 0) {
      const all = this.#isStale ? this.#sorted.filter((key) => this.#present.has(key)) : this.#sorted
      this.#added.sort()
      // Nearly in order: the engine's sort merges the two runs.
      this.#sorted = [...new Set([...all, ...this.#added])].filter((key) => this.#present.has(key)).sort()
      this.#added = []
      this.#isStale = false
    }
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! < first) low = middle + 1
      else high = middle
    }
    return this.#sorted.slice(low)
  }
}
