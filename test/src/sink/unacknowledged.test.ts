import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createFrameBatch } from '../../../src/sink/acknowledged/frameBatch.ts'
import { beginStream, keptChanges, restoreStream } from '../../../src/sink/acknowledged/keptFrames.ts'
import { createUnacknowledged, type Unacknowledged } from '../../../src/sink/acknowledged/unacknowledged.ts'
import { checksumOf, frame } from '../../support/acknowledged.ts'

const none = { number: 0, checksum: 0 }
const bytesOf = (unacknowledged: Unacknowledged): Buffer => Buffer.concat([...unacknowledged].map(({ bytes }) => bytes))

/** What a store holds of one sink. */
function entries() {
  const stored = new Map<string, Buffer>()
  let written = 0
  return {
    get written() {
      return written
    },
    size: () => stored.size,
    apply(changes: ReturnType<ReturnType<typeof keptChanges>>) {
      for (const { key, value } of changes) {
        const name = Buffer.from(key).toString('latin1')
        if (value === undefined) expect(stored.delete(name)).toBe(true)
        else {
          stored.set(name, Buffer.from(value))
          written += value.length
        }
      }
    },
    kept: {
      *restored() {
        for (const [key, value] of [...stored].sort(([one], [other]) => (one < other ? -1 : 1))) {
          yield { key: Buffer.from(key, 'latin1'), value }
        }
      },
      follow: () => undefined,
      commit: () => undefined,
    },
  }
}

type Action =
  | { readonly do: 'write'; readonly text: string }
  | { readonly do: 'flush' }
  | { readonly do: 'acknowledge'; readonly share: number }
  | { readonly do: 'checkpoint' }
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), text: fc.string({ unit: 'grapheme', maxLength: 30 }) }),
  fc.constant({ do: 'write' as const, text: 'x'.repeat(3000) }),
  fc.constant({ do: 'flush' as const }),
  fc.record({ do: fc.constant('acknowledge' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.constant({ do: 'checkpoint' as const }),
)

test('what is kept is what was written and is not acknowledged; a checkpoint writes it once', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      let kept = 0
      const texts: string[] = []
      const unacknowledged = createUnacknowledged(none, (bytes) => (kept -= bytes))
      const batch = createFrameBatch(0, (bytes, last) => {
        kept += bytes.length
        unacknowledged.add(bytes, last)
      })
      const changes = keptChanges(beginStream('s'), unacknowledged)
      const store = entries()
      const expected = (): Buffer =>
        Buffer.concat(
          texts
            .map((text, at) => frame(at + 1, text))
            .slice(unacknowledged.acknowledged.number, unacknowledged.last.number),
        )
      for (const each of actions) {
        if (each.do === 'write') {
          texts.push(each.text)
          batch.write(texts.length % 2 === 0 ? each.text : Buffer.from(each.text))
        } else if (each.do === 'flush') {
          batch.flush()
          expect(unacknowledged.last).toEqual({ number: texts.length, checksum: checksumOf(texts) })
        } else if (each.do === 'acknowledge') {
          const { acknowledged, last } = unacknowledged
          const number = acknowledged.number + Math.floor(each.share * (last.number - acknowledged.number))
          unacknowledged.acknowledge({ number, checksum: checksumOf(texts.slice(0, number)) })
          expect(unacknowledged.acknowledged.number).toBe(number)
        } else {
          batch.flush()
          store.apply(changes(undefined))
          const restored = restoreStream(store.kept)!
          expect(Buffer.concat(restored.frames.map(({ bytes }) => bytes)).equals(expected())).toBe(true)
          expect(restored.last).toEqual(unacknowledged.last)
        }
        expect(bytesOf(unacknowledged).equals(expected())).toBe(true)
        expect(bytesOf(unacknowledged).length).toBe(kept)
      }
      const all = texts.reduce((sum, text, at) => sum + frame(at + 1, text).length, 0)
      expect(store.written).toBeLessThanOrEqual(all + actions.length * 41)
      batch.flush()
      unacknowledged.acknowledge({ number: texts.length, checksum: checksumOf(texts) })
      store.apply(changes(undefined))
      expect(store.size()).toBe(1)
    }),
  )
})

describe('frames that a receiver has before they are made', () => {
  const texts = ['a', 'b', 'c', 'd']
  const made = (upTo: number, each: readonly string[] = texts) => {
    const unacknowledged = createUnacknowledged(none, () => undefined)
    unacknowledged.acknowledge({ number: 2, checksum: checksumOf(texts.slice(0, 2)) })
    const sent: Buffer[] = []
    for (let at = 0; at < each.length; at += upTo) {
      const bytes = Buffer.concat(each.slice(at, at + upTo).map((text, more) => frame(at + more + 1, text)))
      const left = unacknowledged.add(bytes, Math.min(at + upTo, each.length))
      if (left !== undefined) sent.push(left.bytes)
    }
    return Buffer.concat(sent)
  }

  test.each([1, 2, 3, 4])('are left out, and those behind them are not, %i at a time', (upTo) => {
    expect(made(upTo)).toEqual(Buffer.concat([frame(3, 'c'), frame(4, 'd')]))
  })

  test.each([1, 2, 3, 4])('have to be the same, %i at a time', (upTo) => {
    expect(() => made(upTo, ['a', 'B', 'c'])).toThrow(expect.objectContaining({ code: 'STREAM_REPLAY_DIFFERS' }))
  })
})

test('damage to what a checkpoint keeps is told', () => {
  const store = entries()
  const unacknowledged = createUnacknowledged(none, () => undefined)
  unacknowledged.add(Buffer.concat([frame(1, 'a'), frame(2, 'b')]), 2)
  store.apply(keptChanges(beginStream('s'), unacknowledged)(undefined))
  const all = [...store.kept.restored()]
  const [frames, meta] = [all[0]!.value, all[1]!.value]
  const restored = (changed: readonly { key: Buffer; value: Buffer }[]) => () =>
    restoreStream({ ...store.kept, restored: () => changed })
  expect(restored(all)()!.last).toEqual({ number: 2, checksum: crc32(frames) })
  for (const value of [
    frames.subarray(0, -1),
    frames.subarray(0, 14),
    Buffer.alloc(20),
    Buffer.from(frames).fill(1, 13, 14),
  ]) {
    expect(restored([{ ...all[0]!, value }, all[1]!])).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  }
  expect(restored([all[1]!])).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  expect(restored([all[0]!, { ...all[1]!, value: meta.subarray(0, 30) }])).toThrow(
    expect.objectContaining({ code: 'STATE_CORRUPT' }),
  )
})
