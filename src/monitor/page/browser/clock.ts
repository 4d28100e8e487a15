/* What time it is in the page; as `base/clock.ts` for the run, whose clock may be another one. */

/** Milliseconds that only grow. */
export const elapsed = (): number => performance.now()

export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Calls `work` after so many milliseconds. The result takes the wish back. */
export function after(milliseconds: number, work: () => void): () => void {
  const timer = setTimeout(work, milliseconds)
  return () => clearTimeout(timer)
}

export function every(milliseconds: number, work: () => void): void {
  setInterval(work, milliseconds)
}
