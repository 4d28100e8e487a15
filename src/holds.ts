/** One hold as status shows it. */
export interface Hold {
  readonly name: string
  /** `Date.now()` when it was taken. */
  readonly since: number
}

/**
 * What keeps the sources of a pipeline from reading on. A sink above its high-water mark, an asynchronous step at its
 * concurrency and a checkpoint each take a hold and release it; sources read while there is none.
 */
export interface Holds {
  readonly held: boolean
  /** Takes a hold; the result releases it, and does nothing when called again. */
  take(name: string): () => void
  /**
   * Calls `resume` once, when no hold is left (never at once). One listener that leads to a new hold makes the others
   * wait on: first come, first served. The result takes the wish back.
   */
  onFree(resume: () => void): () => void
  /** All that are there. */
  list(): Hold[]
}

export function createHolds(): Holds {
  const holds = new Set<Hold>()
  const waiting = new Set<() => void>()
  let resuming = false // a release inside a listener must not start a second round

  const resumeAll = (): void => {
    if (resuming) return
    resuming = true
    try {
      for (const resume of waiting) {
        if (holds.size > 0) break
        waiting.delete(resume)
        resume()
      }
    } finally {
      resuming = false
    }
  }

  return {
    get held() {
      return holds.size > 0
    },
    take(name) {
      const hold = { name, since: Date.now() }
      holds.add(hold)
      return () => {
        if (holds.delete(hold) && holds.size === 0) resumeAll()
      }
    },
    onFree(resume) {
      waiting.add(resume)
      return () => waiting.delete(resume)
    },
    list: () => [...holds],
  }
}
