/**
 * Of each entity whose state has parts with a beginning, as windows are, the newest part: two columns by slot, because
 * the way to it through the entity's state leads over five objects, each of them somewhere else in memory.
 */
export class NewestStates {
  /** Where the part begins; NaN where none is known. May end before the last slot. */
  starts = new Float64Array(0)
  /** The states of the parts. */
  readonly states: unknown[] = []

  put(slot: number, start: number, state: unknown): void {
    if (slot >= this.starts.length) this.#grow(slot)
    this.starts[slot] = start
    this.states[slot] = state
  }

  /** The entity is gone. */
  clear(slot: number): void {
    if (slot >= this.starts.length) return
    this.starts[slot] = NaN
    this.states[slot] = undefined
  }

  /** Slots are given anew. */
  clearAll(): void {
    this.starts = new Float64Array(0)
    this.states.length = 0
  }

  #grow(slot: number): void {
    const longer = new Float64Array(Math.max(64, 2 * slot)).fill(NaN)
    longer.set(this.starts)
    this.starts = longer
    while (this.states.length < longer.length) this.states.push(undefined)
  }
}
