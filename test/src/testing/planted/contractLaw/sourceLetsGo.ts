import { Observable } from 'rxjs'
import { sourceLetsGo } from 'wallarx/testing'
import { numbers, type Planted } from '../planted.ts'

export const planted: Planted[] = [
  {
    law: 'sourceLetsGo',
    bug: 'a source that goes on reading when nobody is subscribed',
    check: (options) =>
      sourceLetsGo(
        (some) => {
          let released = false
          const source = new Observable<number>((subscriber) => {
            const read = async (): Promise<void> => {
              for (const one of some) {
                await Promise.resolve()
                subscriber.next(one)
              }
              released = true
            }
            void read()
          })
          return { source, isReleased: () => released }
        },
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceLetsGo',
    bug: 'a source that does not let go',
    check: (options) =>
      sourceLetsGo(
        (some) => {
          let open = false
          const source = new Observable<number>((subscriber) => {
            open = true
            for (const one of some) if (!subscriber.closed) subscriber.next(one)
            subscriber.complete()
          })
          return { source, isReleased: () => !open }
        },
        { messages: numbers, ...options, timeout: 30 },
      ),
  },
]
