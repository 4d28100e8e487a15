import fc from 'fast-check'
import { sinkAborts, type WatchedSink } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

export const planted: Planted[] = [
  {
    bug: 'a sink that cannot be aborted twice',
    sink: (): WatchedSink<number> => {
      let aborted = false
      return {
        received: () => [],
        sink: {
          name: 'once',
          open: () => ({
            write: () => undefined,
            close: async () => undefined,
            abort() {
              if (aborted) throw new Error('aborted already')
              aborted = true
            },
          }),
        },
      }
    },
  },
  {
    bug: 'a sink that keeps its hold',
    sink: (): WatchedSink<number> => ({
      received: () => [],
      sink: {
        name: 'holding',
        open: ({ holds }) => ({
          write: () => void holds.take('holding'),
          close: async () => undefined,
          abort: () => undefined,
        }),
      },
    }),
  },
  {
    bug: 'a sink that hands over the last first when it is aborted',
    sink: (): WatchedSink<number> => {
      const seen: number[] = []
      return {
        received: () => seen,
        sink: {
          name: 'hasty',
          open() {
            const waiting: number[] = []
            return {
              write: (message) => void waiting.push(message),
              close: async () => void seen.push(...waiting.splice(0)),
              abort: () => void seen.push(...waiting.splice(1)),
            }
          },
        },
      }
    },
  },
].map(({ bug, sink }) => ({
  law: 'sinkAborts',
  bug,
  check: (options) => sinkAborts(sink, { messages: fc.uniqueArray(fc.nat(99), { maxLength: 8 }), ...options }),
}))
