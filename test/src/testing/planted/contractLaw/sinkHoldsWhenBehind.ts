import fc from 'fast-check'
import { sinkHoldsWhenBehind, type WatchedSink } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

function stalledSink(bug: 'never holds' | 'never releases' | 'loses'): WatchedSink<number> & { resume: () => void } {
  const seen: number[] = []
  let resume: () => void = () => undefined
  const resumed = new Promise<void>((resolve) => {
    resume = resolve
  })
  return {
    received: () => seen,
    resume: () => {
      resume()
    },
    sink: {
      name: 'stalled',
      open({ holds }) {
        const waiting: number[] = []
        let release: (() => void) | undefined
        const going = resumed.then(() => {
          seen.push(...(bug === 'loses' ? waiting.slice(0, 3) : waiting))
          if (bug !== 'never releases') release?.()
        })
        return {
          write(message) {
            waiting.push(message)
            if (waiting.length >= 3 && bug !== 'never holds') release ??= holds.take('stalled')
          },
          close: () => going,
          abort: () => undefined,
        }
      },
    },
  }
}

const many = fc.array(fc.nat(9), { minLength: 4, maxLength: 12 })

export const planted: Planted[] = [
  { bug: 'a sink that never holds', of: 'never holds' as const },
  { bug: 'a sink that never releases', of: 'never releases' as const },
  { bug: 'a sink that loses what it took while it held', of: 'loses' as const },
].map(({ bug, of }) => ({
  law: 'sinkHoldsWhenBehind',
  bug,
  check: (options) => sinkHoldsWhenBehind(() => stalledSink(of), { messages: many, ...options, timeout: 100 }),
}))
