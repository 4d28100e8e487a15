import { RequestFailure } from './failure.ts'

/** So many wait for their turn. */
const mostWaiting = 16

/** Work that is done one after the other, so that many who ask together cost no more than one. */
export function createTurns(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  return (work) => {
    if (waiting === mostWaiting) {
      throw new RequestFailure('BUSY', `${mostWaiting} others look through entities already`)
    }
    waiting++
    const done = last.then(work).finally(() => {
      waiting--
    })
    last = done.catch(() => undefined) // told to who asked
    return done
  }
}
