import fc from 'fast-check'
import type { Sink } from 'wallarx'
import { sinkHandsOverAll, type WatchedSink } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

/** A sink that hands over in later turns of the event loop, with something wrong. */
function slowSink(
  bug: 'none' | 'after flush' | 'closes early' | 'flushes early' | 'keeps bytes' | 'reorders',
): WatchedSink<Buffer> {
  const seen: Buffer[] = []
  const sink: Sink<Buffer> = {
    name: 'slow',
    open() {
      let waiting: Buffer[] = []
      let flushed = false
      let aborted = false
      const handOver = async (): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve))
        if (aborted) return
        if (bug === 'reorders') waiting.reverse()
        seen.push(...waiting)
        waiting = []
      }
      return {
        write(message) {
          if (bug === 'after flush' && flushed) return
          waiting.push(bug === 'keeps bytes' ? message : Buffer.from(message))
        },
        async flush() {
          flushed = true
          if (bug === 'flushes early') void handOver()
          else await handOver()
          return undefined
        },
        async close() {
          if (bug === 'closes early') void handOver()
          else await handOver()
        },
        abort() {
          aborted = true
        },
      }
    },
  }
  return { sink, received: () => seen }
}

const payloads = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 10 },
)

export const planted: Planted[] = [
  { bug: 'a sink that drops what is written after a flush', of: 'after flush' as const },
  { bug: 'a sink whose close resolves too early', of: 'closes early' as const },
  { bug: 'a sink whose flush resolves too early', of: 'flushes early' as const },
  { bug: 'a sink that keeps the bytes it was given', of: 'keeps bytes' as const },
  { bug: 'a sink that turns the order around', of: 'reorders' as const },
].map(({ bug, of }) => ({
  law: 'sinkHandsOverAll',
  bug,
  check: (options) => sinkHandsOverAll(() => slowSink(of), { messages: payloads, ...options }),
}))

export const right: Planted = {
  law: 'sinkHandsOverAll',
  bug: 'a slow sink',
  check: (options) => sinkHandsOverAll(() => slowSink('none'), { messages: payloads, ...options }),
}
