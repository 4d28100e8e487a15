import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pack, unpack } from '../../../src/cluster/pack.ts'
import { GrowingTime, packedTime, sliceTime, unpackTime } from '../../../src/cluster/time/packTime.ts'
import { SortedKeys } from '../../../src/cluster/stored/sortedKeys.ts'
import type { MessagesTime } from '../../../src/state/exchange.ts'
import { ShardClock } from '../../../src/time/shardClock.ts'

const state = fc.constantFrom('live' as const, 'idle' as const, 'over' as const, 'awaited' as const)
const said = fc.tuple(fc.constantFrom('a/b[0]', 'a/b[1]', 'ö/…'), fc.double({ noNaN: true }), state)
/** What is said and which messages come, in turn. */
const turns = fc.array(fc.oneof(fc.record({ time: fc.double() }), fc.record({ said })), { maxLength: 30 })

function timeOf(all: typeof turns extends fc.Arbitrary<infer Turns> ? Turns : never): MessagesTime {
  const growing = new GrowingTime()
  for (const turn of all) {
    if ('said' in turn) growing.say(...turn.said)
    else growing.add({ time: turn.time, heard: undefined, upTo: -Infinity })
  }
  const { times, said } = growing
  return { times, said }
}

describe('the time of a pack', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(turns, (all) => {
        const time = timeOf(all)
        const bytes = packedTime(time)
        expect(unpackTime(bytes, 0, time.times.length)).toEqual({ time, end: bytes.length })
        const messages = time.times.map(String)
        const packed = pack({ program: 1, step: 'p/step', messages, time })
        expect(unpack(packed)).toEqual({ program: 1, step: 'p/step', messages, time })
      }),
    )
  })

  test('is said in the same order in two halves', () => {
    fc.assert(
      fc.property(turns, fc.nat(30), (all, at) => {
        const time = timeOf(all)
        const half = Math.min(at, Math.max(0, time.times.length - 1))
        const [one, other] = [sliceTime(time, 0, half), sliceTime(time, half, time.times.length)]
        expect([...one.times, ...other.times]).toEqual(time.times)
        const behind = other.said.map((said) => ({ ...said, before: said.before + half }))
        expect([...(half === time.times.length ? [] : one.said), ...behind]).toEqual(time.said)
      }),
    )
  })

  test('costs nothing where nobody has read it', () => {
    expect(pack({ program: 1, step: 's', messages: ['a'], time: undefined })).toEqual(
      pack({ program: 1, step: 's', messages: ['a'] }),
    )
  })
})

describe('the clock of a shard', () => {
  test('is the least of those that are not idle, never falls, and is the same when it is restored', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 40 }), fc.nat(40), (all, restart) => {
        let clock = new ShardClock()
        const origins = new Map<string, { watermark: number; idle: boolean }>()
        let expected = -Infinity
        for (const [at, [origin, watermark, state]] of all.entries()) {
          if (at === restart) clock = new ShardClock(clock.pack())
          clock.hear(origin, finite(watermark), state)
          const known = origins.get(origin)
          if (state === 'over') origins.delete(origin)
          else if (state === 'awaited') origins.set(origin, known ?? { watermark: -Infinity, idle: false })
          else {
            const greatest = Math.max(known?.watermark ?? -Infinity, finite(watermark))
            origins.set(origin, { watermark: greatest, idle: state === 'idle' })
          }
          const live = [...origins.values()].filter(({ idle }) => !idle)
          if (live.length > 0) expected = Math.max(expected, Math.min(...live.map(({ watermark }) => watermark)))
          expect([clock.watermark, clock.live]).toEqual([expected, live.length > 0])
        }
      }),
    )
  })
})

const finite = (watermark: number): number => (Number.isFinite(watermark) ? watermark + 0 : 0)

test('sorted keys are those that are there, in order', () => {
  const key = fc.string({ maxLength: 2 })
  const commands = fc.array(fc.tuple(fc.constantFrom('add', 'delete', 'from'), key), { maxLength: 60 })
  fc.assert(
    fc.property(commands, (all) => {
      const keys = new SortedKeys()
      const model = new Set<string>()
      for (const [command, key] of all) {
        if (command === 'add') {
          keys.add(key)
          model.add(key)
        } else if (command === 'delete') {
          keys.delete(key)
          model.delete(key)
        } else expect(keys.from(key)).toEqual([...model].filter((one) => one >= key).sort())
      }
      expect(keys.from('')).toEqual([...model].sort())
    }),
  )
})
