import { concatMap, from } from 'rxjs'
import { sourceObeysHolds } from 'wallarx/testing'
import { within } from '../../../../../src/context/context.ts'
import { numbers, type Planted } from '../planted.ts'
import { sourceOf } from './sourceOf.ts'

export const planted: Planted[] = [
  {
    law: 'sourceObeysHolds',
    bug: 'a source that knows nothing of holds',
    check: (options) =>
      sourceObeysHolds((some) => from(some).pipe(concatMap((one) => Promise.resolve(one))), {
        messages: numbers,
        ...options,
      }),
  },
  {
    law: 'sourceObeysHolds',
    bug: 'a source that drops what comes while it is held',
    check: (options) =>
      sourceObeysHolds(
        sourceOf((messages, { backPressure: { holds } }, output) => {
          let at = 0
          const timer = setInterval(() => {
            if (at === messages.length) {
              output.complete()
              return
            }
            const message = messages[at++]!
            if (!holds.held) output.next(message)
          }, 0)
          return () => {
            clearInterval(timer)
          }
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceObeysHolds',
    bug: 'a source that looks at holds at its start only',
    check: (options) =>
      sourceObeysHolds(
        sourceOf((messages, context, output) => {
          let ended = false
          const begin = async (): Promise<void> => {
            if (context.backPressure.holds.held)
              await new Promise<void>((resolve) => context.backPressure.holds.onFree(resolve))
            for (const message of messages) {
              if (ended) return
              within(context, () => output.next(message))
              await new Promise((resolve) => setImmediate(resolve))
            }
            output.complete()
          }
          void begin()
          return () => {
            ended = true
          }
        }),
        { messages: numbers, ...options },
      ),
  },
]
