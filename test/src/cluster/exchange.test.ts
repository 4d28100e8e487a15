import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPackedExchange, type OutgoingPack, type PackedExchange } from '../../../src/cluster/exchange.ts'
import { unpack } from '../../../src/cluster/pack.ts'
import { shardOf } from '../../../src/cluster/shard.ts'
import type { WallarxError } from '../../../src/base/errors.ts'
import { createInFlight, uncounted } from '../../../src/context/inFlight.ts'
import type { ExchangeStep } from '../../../src/state/exchange.ts'

const shards = 4
const make = (longestPack = 1000, highWaterMark = 1_000_000, largestPack = 1_000_000): PackedExchange =>
  createPackedExchange({ shards, longestPack, highWaterMark, largestPack })

interface TestStep extends ExchangeStep<unknown> {
  receive: ExchangeStep<unknown>['receive']
  isHeld: boolean
  /** Its gate is closed. */
  isClosed: boolean
  readonly received: unknown[]
  readonly refused: unknown[]
  free(): void
}

function testStep(step: string, partition = 'accounts', pipeline = 'p'): TestStep {
  let waiting: (() => void)[] = []
  const received: unknown[] = []
  const refused: unknown[] = []
  const made: TestStep = {
    pipeline,
    step,
    partition,
    isHeld: false,
    isClosed: false,
    gate: {
      close() {
        made.isClosed = true
      },
      open() {
        made.isClosed = false
      },
    },
    received,
    refused,
    held: () => made.isHeld,
    onFree: (resume) => waiting.push(resume),
    receive(messages) {
      received.push(...messages)
      return messages.length
    },
    inFlight: uncounted,
    refuse: (error, message) => refused.push([(error as WallarxError).code, message]),
    free() {
      const resumed = waiting
      waiting = []
      made.isHeld = false
      for (const resume of resumed) resume()
    },
  }
  return made
}

/** What a worker with these steps packs when they have handed over one message each. */
function packedOf(...steps: TestStep[]): OutgoingPack[] {
  const exchange = make()
  for (const link of steps.map((step) => exchange.join(step))) link.isHere(1, 2, 'message')
  return exchange.take()
}

describe('a packed exchange', () => {
  test('has each message in one pack, of its shard and step, in the order they were handed over in', () => {
    const program = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.record({ step: fc.nat(2), low: fc.integer(), high: fc.nat(3) }) },
        { weight: 1, arbitrary: fc.constant('take' as const) },
      ),
      { maxLength: 100, size: 'max' },
    )
    fc.assert(
      fc.property(program, fc.integer({ min: 1, max: 500 }), (commands, longestPack) => {
        const exchange = make(longestPack)
        const steps = [testStep('a'), testStep('b'), testStep('a', 'orders', 'q')]
        const links = steps.map((step) => exchange.join(step))
        const expected = new Map<string, number[]>()
        const found = new Map<string, unknown[]>()
        let number = 0
        let since = 0
        const take = (): void => {
          expect(exchange.pending).toBe(since > 0)
          since = 0
          for (const { partition, shard, bytes } of exchange.take()) {
            const { step, messages } = unpack(bytes)
            expect(messages.length).toBeGreaterThan(0)
            const id = `${partition} ${step} ${shard}`
            found.set(id, [...(found.get(id) ?? []), ...messages])
          }
          expect(exchange.pending).toBe(false)
          expect(exchange.take()).toEqual([])
        }
        for (const command of commands) {
          if (command === 'take') {
            take()
            continue
          }
          const { pipeline, step, partition } = steps[command.step]!
          expect(links[command.step]!.isHere(command.low, command.high, number)).toBe(false)
          const id = `${partition} ${String(pipeline)}/${step} ${shardOf(command.low, command.high, shards)}`
          expected.set(id, [...(expected.get(id) ?? []), number++])
          since++
        }
        take()
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
      }),
    )
  })

  test('begins another pack when one has grown to its length, and not before', () => {
    const message = 'x'.repeat(16) // 20 bytes in a pack
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 20, max: 500 }), (count, longestPack) => {
        const exchange = make(longestPack)
        const link = exchange.join(testStep('a'))
        for (let at = 0; at < count; at++) link.isHere(1, 2, message)
        const counts = exchange.take().map(({ bytes }) => unpack(bytes).messages.length)
        const full = Math.ceil(longestPack / 20)
        expect(counts).toEqual([
          ...new Array<number>(Math.floor(count / full)).fill(full),
          ...(count % full === 0 ? [] : [count % full]),
        ])
      }),
    )
  })

  test('hands what another worker has packed to the step of the same name', () => {
    const [a, b] = [testStep('a'), testStep('b')]
    const exchange = make()
    exchange.join(b)
    exchange.join(a) // in another order: that is no other program
    const [ofA, ofB] = packedOf(testStep('a'), testStep('b'))
    exchange.receive('accounts', 0, ofA!.bytes)
    expect([a.received, b.received]).toEqual([['message'], []])
    exchange.receive('accounts', 0, ofB!.bytes)
    expect([a.received, b.received]).toEqual([['message'], ['message']])
  })

  test('tells steps of one name apart, in the order they joined in', () => {
    const [one, other] = [testStep('a'), testStep('a')]
    const exchange = make()
    exchange.join(one)
    exchange.join(other)
    const [, second] = packedOf(testStep('a'), testStep('a'))
    exchange.receive('accounts', 0, second!.bytes)
    expect([one.received, other.received]).toEqual([[], ['message']])
  })

  test('is held where a step of the state partition is, and says when it is not any more', () => {
    const [a, b, c] = [testStep('a'), testStep('b'), testStep('c', 'orders')]
    const exchange = make()
    for (const step of [a, b, c]) exchange.join(step)
    expect(exchange.partitions()).toEqual(['accounts', 'orders'])
    expect(exchange.held('accounts')).toBe(false)
    b.isHeld = true
    expect([exchange.held('accounts'), exchange.held('orders')]).toEqual([true, false])
    let resumed = 0
    exchange.onFree('accounts', () => resumed++)
    b.free()
    expect([exchange.held('accounts'), resumed]).toEqual([false, 1])
  })

  test('is held by a step that has left, until it joins again and takes its place', () => {
    const leaving = testStep('a')
    const exchange = make()
    const link = exchange.join(leaving)
    link.isHere(1, 2, 'before')
    link.leave()
    expect(exchange.held('accounts')).toBe(true)
    const again = testStep('a')
    exchange.join(again).isHere(1, 2, 'after')
    expect(exchange.held('accounts')).toBe(false)
    expect(exchange.take().map(({ bytes }) => unpack(bytes).step)).toEqual(['p/a', 'p/a'])
    exchange.receive('accounts', 0, packedOf(testStep('a'))[0]!.bytes)
    expect([leaving.received, again.received]).toEqual([[], ['message']])
  })

  test('gives steps of one name that have left, in any order and more than once, their places again', () => {
    const orders = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(orders, { maxLength: 4 }), (rounds) => {
        const exchange = make()
        const join = () => [0, 1, 2].map(() => exchange.join(testStep('a')))
        let links = join()
        for (const order of rounds) {
          for (const at of order) {
            links[at]!.leave()
            links[at]!.leave() // as a step does that completes and is torn down
          }
          links = join()
        }
        expect(exchange.held('accounts')).toBe(false)
        for (const link of links) link.isHere(1, 2, 'message')
        expect(exchange.take().map(({ bytes }) => unpack(bytes).step)).toEqual(['p/a', 'p/a#2', 'p/a#3'])
      }),
    )
  })

  test('keeps the place of a step that has left only once, when the one that took it is there', () => {
    const exchange = make()
    const link = exchange.join(testStep('a'))
    link.leave()
    const again = testStep('a')
    exchange.join(again)
    link.leave()
    exchange.receive('accounts', 0, packedOf(testStep('a'))[0]!.bytes)
    expect(again.received).toEqual(['message'])
  })

  test('hands what a step has left of a pack to the one that takes its place, before all else', async () => {
    const sent = make()
    const other = sent.join(testStep('a'))
    for (const message of ['1', '2', '3', '4']) other.isHere(1, 2, message)
    const [pack] = sent.take()
    const exchange = make()
    const inFlight = createInFlight()
    const taking = (most: number): TestStep => {
      const step = { ...testStep('a'), inFlight }
      step.receive = (messages) => step.received.push(...messages.slice(0, most)) && Math.min(most, messages.length)
      return step
    }
    const first = taking(1)
    const link = exchange.join(first)
    await Promise.resolve()
    exchange.receive('accounts', pack!.shard, pack!.bytes)
    link.leave()
    expect([first.received, exchange.held('accounts'), inFlight.count]).toEqual([['1'], true, 1])
    let resumed = 0
    exchange.onFree('accounts', () => resumed++)
    for (const [step, count] of [
      [taking(1), 1],
      [taking(9), 0],
    ] as const) {
      const again = exchange.join(step)
      expect([step.received, exchange.held('accounts')]).toEqual([[], true]) // not in the middle of its beginning
      await Promise.resolve()
      expect(step.received).toEqual(count === 1 ? ['2'] : ['3', '4'])
      expect([exchange.held('accounts'), inFlight.count, resumed]).toEqual([count === 1, count, 1])
      if (count === 1) again.leave()
    }
    expect(exchange.take()).toEqual([])
  })

  test('packs again what a step has left of a pack, where none has taken its place', () => {
    const exchange = make()
    const step = testStep('a')
    step.receive = () => 1
    const link = exchange.join(step)
    const sent = make()
    const other = sent.join(testStep('a'))
    for (const message of ['1', '2', '3']) other.isHere(1, 2, message)
    const [pack] = sent.take()
    exchange.receive('accounts', pack!.shard, pack!.bytes)
    link.leave()
    expect(exchange.pending).toBe(true)
    expect(exchange.take().map(({ shard, bytes }) => [shard, unpack(bytes).messages])).toEqual([
      [pack!.shard, ['2', '3']],
    ])
  })

  test('refuses a step that joins when the program has begun, and not one that takes a place again', () => {
    const exchange = make()
    const link = exchange.join(testStep('a'))
    exchange.begin()
    link.leave()
    exchange.join(testStep('a'))
    for (const late of [testStep('a'), testStep('b')]) {
      expect(() => exchange.join(late)).toThrow(
        expect.objectContaining({ code: 'CLUSTER_PROGRAMS_DIFFER', where: { partition: 'accounts' } }),
      )
    }
  })

  test('keeps who hands over from going on where much waits, until it is taken or the step has left', () => {
    const exchange = make(100, 1000)
    const steps = [testStep('a'), testStep('b')]
    const [link, other] = steps.map((step) => exchange.join(step))
    const isClosed = (): boolean[] => steps.map((step) => step.isClosed)
    const message = 'm'.repeat(96)
    for (let left = 9; left > 0; left--) link!.isHere(left, 0, message)
    expect(isClosed()).toEqual([false, false])
    link!.isHere(0, 0, message)
    expect(isClosed()).toEqual([true, false])
    other!.isHere(0, 0, message)
    expect(isClosed()).toEqual([true, true])
    other!.leave()
    expect(isClosed()).toEqual([true, false])
    exchange.take()
    link!.isHere(0, 0, message)
    expect(isClosed()).toEqual([false, false])
  })

  test('says CLUSTER_PROGRAMS_DIFFER where a pack is of other steps, of other partitions or of other shards', () => {
    const exchange = make()
    const step = testStep('a')
    exchange.join(step)
    const limits = { longestPack: 1000, highWaterMark: 1000, largestPack: 10_000 }
    const otherShards = createPackedExchange({ shards: shards + 1, ...limits })
    otherShards.join(testStep('a')).isHere(1, 2, 'message')
    for (const [one] of [
      packedOf(testStep('b')),
      packedOf(testStep('a'), testStep('b')),
      packedOf(testStep('a', 'orders')),
      packedOf(testStep('a', 'accounts', 'q')),
      otherShards.take(),
    ]) {
      expect(() => {
        exchange.receive('accounts', 0, one!.bytes)
      }).toThrow(expect.objectContaining({ code: 'CLUSTER_PROGRAMS_DIFFER', where: { partition: 'accounts' } }))
    }
    expect(step.received).toEqual([])
  })

  test('says CLUSTER_PROGRAMS_DIFFER where a pack comes over another state partition than that of its step', () => {
    const exchange = make()
    exchange.join(testStep('a'))
    expect(() => {
      exchange.receive('orders', 0, packedOf(testStep('a'))[0]!.bytes)
    }).toThrow(expect.objectContaining({ code: 'CLUSTER_PROGRAMS_DIFFER' }))
  })

  test('says CLUSTER_PACK_INVALID where a pack is damaged, and hands over none of it', () => {
    const exchange = make()
    const step = testStep('a')
    exchange.join(step)
    const { bytes } = packedOf(testStep('a'))[0]!
    for (let length = 0; length < bytes.length; length++) {
      expect(() => {
        exchange.receive('accounts', 0, bytes.subarray(0, length))
      }).toThrow(expect.objectContaining({ code: 'CLUSTER_PACK_INVALID', where: { partition: 'accounts' } }))
    }
    expect(step.received).toEqual([])
  })

  test('says MESSAGE_NOT_SERIALIZABLE, with the step, where a message cannot go to another worker', () => {
    const exchange = make()
    exchange.join(testStep('a')).isHere(1, 2, () => 1)
    expect(() => exchange.take()).toThrow(expect.objectContaining({ code: 'MESSAGE_NOT_SERIALIZABLE' }))
  })
})

test('what is too much for one pack goes in several, in order; a message that is too large is refused', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(sizes, (lengths) => {
      const exchange = make(10_000, 1_000_000, 300)
      const step = testStep('step')
      const link = exchange.join(step)
      const messages = lengths.map((length, at) => ({ at, text: 'x'.repeat(length) }))
      for (const message of messages) link.isHere(1, 2, message)
      const packs = exchange.take()
      for (const { bytes } of packs) expect(bytes.length).toBeLessThanOrEqual(300)
      const sent = packs.flatMap(({ bytes }) => unpack(bytes).messages)
      const refused = step.refused.map((one) => (one as [string, unknown])[1])
      expect(sent).toEqual(messages.filter((message) => !refused.includes(message)))
      for (const [code, message] of step.refused as [string, { text: string }][]) {
        expect(code).toBe('KAFKA_MESSAGE_TOO_LARGE')
        expect(message.text.length).toBeGreaterThan(200)
      }
    }),
  )
})
