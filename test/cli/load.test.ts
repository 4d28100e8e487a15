import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readStamp, type StampPlace, withRoom, writeStamp } from '../../src/cli/load/stamp.ts'
import { createThroughput } from '../../src/cli/load/throughput.ts'
import { createTimes } from '../../src/cli/load/times.ts'
import { createSendMeasures } from '../../src/cli/send/measures.ts'
import { createRateLimit } from '../../src/cli/send/rateLimit.ts'
import { temporaryFile } from '../support/files.ts'
import { startReceiver, wallarx } from './wallarx.ts'

const places = fc.record<StampPlace>({
  at: fc.oneof(fc.constantFrom('before' as const, 'after' as const), fc.nat(40)),
  form: fc.constantFrom('text', 'bytes'),
})

describe('a stamp', () => {
  test('is read where it was written, and the rest of the message is as it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), places, fc.nat({ max: 2 ** 52 }), (bytes, place, time) => {
        const body = Buffer.from(bytes)
        const length = place.form === 'text' ? 16 : 8
        const room = withRoom(body, place)
        if (room === undefined) {
          expect(Number(place.at) + length).toBeGreaterThan(body.length)
          return
        }
        writeStamp(room.message, room.at, place, time)
        expect(readStamp(room.message, place, time)).toBe(time)
        const without = Buffer.concat([room.message.subarray(0, room.at), room.message.subarray(room.at + length)])
        const rest =
          typeof place.at === 'number'
            ? Buffer.concat([body.subarray(0, place.at), body.subarray(place.at + length)])
            : body
        expect(without).toEqual(rest)
        expect(body).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test('is none where something else stands, whatever it is', () => {
    const now = 1_800_000_000_000_000
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), places, (bytes, place) => {
        const stamp = readStamp(Buffer.from(bytes), place, now)
        if (stamp !== undefined) expect(Math.abs(now - stamp)).toBeLessThanOrEqual(24 * 3600 * 1e6)
      }),
    )
    const text: StampPlace = { at: 'before', form: 'text' }
    expect(readStamp(Buffer.from('the quick brown fox'), text, now)).toBeUndefined()
    expect(readStamp(Buffer.from('0000000000000001 of 1970'), text, now)).toBeUndefined()
    expect(readStamp(Buffer.from('short'), { at: 'after', form: 'bytes' }, now)).toBeUndefined()
  })

  test('is when the message was due, however late it is written', () => {
    const messages = createSendMeasures(
      { at: 'before', form: 'text' },
      createRateLimit(10, () => 5000),
    )
    const stamps = [0, 1, 25].map((index) => {
      const frame = Buffer.alloc(16)
      messages.writing({ frame, length: 16, inputEnd: 0, stampAt: 0 }, index)
      return parseInt(frame.toString(), 16)
    })
    const start = Math.round(1000 * (performance.timeOrigin + 5000))
    expect(stamps).toEqual([start, start + 100_000, start + 2_500_000])
  })
})

describe('messages a second', () => {
  test('are those of whole seconds; one in which nothing came is one too', () => {
    const throughput = createThroughput()
    throughput.add(3, 100)
    throughput.add(2, 1099)
    expect(throughput.line()).toBeUndefined()
    throughput.add(1, 3100) // the seconds had 5, 0 and 0
    throughput.add(6, 3200)
    throughput.add(100, 4150) // 7, and one that is not over
    expect(throughput.line()).toBe('messages a second  min 0  median 0  max 7  in 4 whole seconds')
  })
})

describe('percentiles of times', () => {
  test('are right to three digits, and never above the largest', () => {
    const times = createTimes()
    expect(times.table('latency')).toBeUndefined()
    for (let time = 1; time <= 100_000; time++) times.add(time)
    times.add(-5)
    expect(times.count).toBe(100_001)
    expect(times.table('latency')!.split('\n')).toEqual([
      '                    50 %      95 %      99 %    99.9 %   99.99 %       max',
      'latency, ms        50.02     95.04     99.01     99.90     100.0     100.0',
    ])
  })
})

describe('wallarx send and receive', () => {
  test('stamps tell how long each message took, and what has none is counted', async () => {
    const receiver = await startReceiver('--framing', 'length', '--stamp', 'before', '--count', '--expect', '301')
    const other = connectSocket(Number(receiver.address.split(':')[1]), '127.0.0.1')
    await once(other, 'connect')
    other.end('\0\0\0\u0005other')
    const lines = temporaryFile('the quick brown fox\n'.repeat(300))
    const sender = wallarx('send', receiver.address, lines, '--rate', '1000', '--stamp', 'before')
    expect(await sender.ended, sender.stderr()).toBe(0)
    expect(await receiver.ended, receiver.stderr()).toBe(0)
    expect(sender.stderr()).toMatch(
      /^sent 300 messages.*\n(?:messages a second.*\n)? .* 50 % .* max\nbehind --rate, ms +[\d.]+ /,
    )
    expect(receiver.stdout()).toMatch(
      /^301 messages.*\n(?:messages a second.*\n)? .* 99\.99 % .*\nlatency, ms +[\d.]+ .*\n1 message without a stamp/,
    )
  })

  test('bytes of a stamp stand in the message from the byte that was named', async () => {
    const receiver = await startReceiver('--framing', 'length', '--hex', '--expect', '1')
    const sender = wallarx(
      'send',
      receiver.address,
      '--hex',
      '--stamp',
      '1',
      '--stamp-as',
      'bytes',
      temporaryFile('aa0000000000000000bb'),
    )
    expect(await sender.ended, sender.stderr()).toBe(0)
    expect(await receiver.ended, receiver.stderr()).toBe(0)
    expect(receiver.stdout()).toMatch(/^aa000[0-9a-f]{13}bb\n$/)
    expect(receiver.stdout()).not.toContain('aa0000000000000000bb')
  })

  test('without --stamp messages are as they were', async () => {
    const receiver = await startReceiver('--framing', 'length', '--expect', '1')
    const sender = wallarx('send', receiver.address, '--rate', '100', temporaryFile('as it was'))
    expect(await sender.ended, sender.stderr()).toBe(0)
    expect(await receiver.ended).toBe(0)
    expect(receiver.stdout()).toBe('as it was\n')
    expect(receiver.stderr()).not.toContain('latency')
  })

  test('a message that is too short for its stamp is named', async () => {
    const receiver = await startReceiver('--framing', 'length')
    const sender = wallarx('send', receiver.address, '--stamp', '4', temporaryFile('x'.repeat(20) + '\nshort\n'))
    expect(await sender.ended).toBe(1)
    expect(sender.stderr()).toMatch(
      /line 2 has 5 bytes, too few for a stamp of 16 from byte 4 on[^\n]*--stamp before\n$/,
    )
  })

  test.each([
    [['send', '--stamp', 'middle'], '--stamp wants before, after or the number of a byte, not "middle"'],
    [['send', '--stamp-as', 'text'], '--stamp-as needs --stamp'],
    [['send', '--stamp', '0', '--stamp-as', 'json'], '--stamp-as wants one of text, bytes'],
    [
      ['send', '--stamp', '0', '--stamp-as', 'bytes', '--framing', 'newline'],
      '--stamp-as bytes needs --framing length',
    ],
    [['receive', '--stamp', 'before', '--framing', 'none'], '--stamp needs messages'],
    [['receive', '--stamp', '-1'], '--stamp'],
  ])('%j is refused', async ([command, ...args], problem) => {
    const program = wallarx(command!, '127.0.0.1:1', ...args)
    expect(await program.ended).toBe(2)
    expect(program.stderr()).toContain(problem)
  })
})
