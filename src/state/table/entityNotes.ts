/** What is noted of the entities of a table that are kept in a store, by slot: one byte each. */
export interface EntityNotes {
  /** An entity comes into memory; `stored`: from the store. */
  add(slot: number, stored: boolean): void
  /** The entity is gone. */
  readonly remove: (slot: number) => void
  readonly changed: (slot: number) => void
  readonly used: (slot: number) => void
  readonly stored: (slot: number) => void
  readonly isStored: (slot: number) => boolean
  /** The slots that have changed since the last call, each once. */
  readonly takeChanged: () => number[]
  /**
   * Which `most` of the first `size` slots should stay, in order: those first that were used since the last call.
   * `undefined` where all should.
   */
  toKeep(size: number, most: number): readonly number[] | undefined
  /** From now on the notes are of these slots, in order, at 0, 1, 2, …, and none has been used. */
  keep(slots: readonly number[]): void
}

const isChanged = 1
const isStored = 2
const isUsed = 4
const isFree = 8

export function createEntityNotes(): EntityNotes {
  let notes = new Uint8Array(64)
  let changedSlots: number[] = []
  let removed = false // an entity, since changes were taken

  const is = (slot: number, what: number): boolean => (notes[slot]! & what) !== 0

  return {
    add(slot, stored) {
      if (slot === notes.length) {
        const longer = new Uint8Array(2 * slot)
        longer.set(notes)
        notes = longer
      }
      notes[slot] = isUsed | (stored ? isStored : 0)
    },
    remove(slot) {
      notes[slot] = isFree
      removed = true
    },
    changed(slot) {
      if (is(slot, isChanged)) return
      notes[slot]! |= isChanged
      changedSlots.push(slot)
    },
    used(slot) {
      notes[slot]! |= isUsed
    },
    stored(slot) {
      notes[slot]! |= isStored
    },
    isStored: (slot) => is(slot, isStored),
    takeChanged() {
      // A slot that was given anew may be there twice.
      const taken = removed ? [...new Set(changedSlots)].filter((slot) => is(slot, isChanged)) : changedSlots
      changedSlots = []
      removed = false
      for (const slot of taken) notes[slot]! &= ~isChanged
      return taken
    },
    toKeep(size, most) {
      if (size <= most) {
        for (let slot = 0; slot < size; slot++) notes[slot]! &= ~isUsed
        return undefined
      }
      let used = 0
      for (let slot = 0; slot < size; slot++) if (is(slot, isUsed)) used++
      let usedLeft = Math.min(used, most)
      let unusedLeft = most - usedLeft
      const kept: number[] = []
      for (let slot = 0; slot < size; slot++) {
        if (is(slot, isFree)) continue
        if (is(slot, isUsed) ? usedLeft-- > 0 : unusedLeft-- > 0) kept.push(slot)
      }
      return kept
    },
    keep(slots) {
      for (let at = 0; at < slots.length; at++) notes[at] = notes[slots[at]!]! & isStored
    },
  }
}
