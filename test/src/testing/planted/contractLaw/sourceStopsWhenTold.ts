import { concat, from, NEVER } from 'rxjs'
import { sourceStopsWhenTold } from 'wallarx/testing'
import { numbers, type Planted } from '../planted.ts'
import { sourceOf } from './sourceOf.ts'

export const planted: Planted[] = [
  {
    law: 'sourceStopsWhenTold',
    bug: 'a source that does not hear',
    check: (options) =>
      sourceStopsWhenTold((some) => concat(from(some), NEVER), { messages: numbers, ...options, timeout: 30 }),
  },
  {
    law: 'sourceStopsWhenTold',
    bug: 'a source that loses a message when it is told to stop',
    check: (options) =>
      sourceStopsWhenTold(
        sourceOf((messages, context, output) => {
          let at = 0
          let skipped = false
          const timer = setInterval(() => {
            if (context.shutdown.stopping.aborted && !skipped) {
              skipped = true
              at++
            }
            if (at >= messages.length) output.complete()
            else output.next(messages[at++]!)
          }, 0)
          return () => {
            clearInterval(timer)
          }
        }),
        { messages: numbers, ...options },
      ),
  },
]
