/**
 * Of entities whose states have parts with a beginning, as windows are, those parts that begin latest, where they are
 * the same for many entities: one column by slot, because the way to a part through the entity's state leads over five
 * objects, each of them somewhere else in memory.
 */
export class NewestStates {
  /** Where all of them begin. */
  start = -Infinity
  /** `undefined`: the entity has none, as far as is known. May end before the last slot. */
  readonly states: unknown[] = []
  /** Of what is in `states`. */
  #slots: number[] = []

  put(slot: number, start: number, state: unknown): void {
    if (start < this.start) return
    if (start > this.start) {
      for (const old of this.#slots) this.states[old] = undefined
      this.#slots = []
      this.start = start
    }
    while (this.states.length <= slot) this.states.push(undefined)
    this.states[slot] = state
    this.#slots.push(slot)
  }

  /** The entity is gone. */
  clear(slot: number): void {
    if (slot < this.states.length) this.states[slot] = undefined
  }

  /** Slots are given anew. */
  clearAll(): void {
    this.states.length = 0
    this.#slots = []
  }
}
