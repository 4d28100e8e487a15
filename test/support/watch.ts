/** Waits for conditions on what changes by events: each is looked at now and after every `changed`. */
export interface Watch {
  changed(): void
  until(condition: () => boolean): Promise<void>
}

export function createWatch(): Watch {
  const waiting = new Set<() => void>()
  return {
    changed() {
      for (const look of [...waiting]) look()
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          try {
            if (!condition()) return
            waiting.delete(look)
            resolve()
          } catch (error) {
            waiting.delete(look)
            reject(error)
          }
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Waits, turn by turn of the event loop, for a condition that no event tells of. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Waits until a number has not changed for 100 ms: for what shows by nothing happening any more. */
export async function settled(number: () => number): Promise<void> {
  let last = number()
  let since = performance.now()
  while (performance.now() - since < 100) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (number() === last) continue
    last = number()
    since = performance.now()
  }
}
