import { Observable, type OperatorFunction } from 'rxjs'
import { turns } from './drive.ts'
import { createVirtualClock } from './virtualClock.ts'

/**
 * Lets a pipeline have virtual time that passes by itself: whatever timer is next fires at the next turn of the event
 * loop. `end` gives the clock back.
 */
export function inVirtualTime<In, Out>(
  build: () => OperatorFunction<In, Out>,
): { readonly build: () => OperatorFunction<In, Out>; readonly end: () => void } {
  const clock = createVirtualClock(0)
  let ended = false
  let passing = false
  const pass = async (): Promise<void> => {
    if (passing) return
    passing = true
    for (;;) {
      await clock.timerSet()
      await turns(1)
      if (ended) return
      clock.fireNext()
    }
  }
  return {
    build() {
      const operator = build()
      return (source) =>
        new Observable<Out>((subscriber) => {
          void pass()
          return clock.within(() => operator(source).subscribe(subscriber))
        })
    },
    end() {
      ended = true
      clock.close()
    },
  }
}
