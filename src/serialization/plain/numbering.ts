/** Numbers the objects of one state in the order in which they are met. */
export interface Numbering {
  /** The number of an object that has been met before; `undefined` where this is the first time. */
  meet(object: object): number | undefined
  /** The next object is the first one of another state. */
  forget(): void
}

export function createNumbering(): Numbering {
  // The common state is one object with nothing but primitives in it: only a second object needs a table.
  let first: object | undefined
  let numbers: Map<object, number> | undefined
  return {
    meet(object) {
      if (first === undefined) {
        first = object
        return undefined
      }
      numbers ??= new Map([[first, 0]])
      const known = numbers.get(object)
      if (known === undefined) numbers.set(object, numbers.size)
      return known
    },
    forget() {
      first = numbers = undefined
    },
  }
}
