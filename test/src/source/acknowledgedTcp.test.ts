import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryStore, run, tcpSource, type DeadLetter, type Store } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { utf8 } from 'wallarx'
import { checksumOf, frame, hello, message, rawSender, u32, type RawSender } from '../../support/acknowledged.ts'
import { startKillable } from '../../support/applications.ts'
import { collect } from '../../support/pipelines.ts'
import { settled } from '../../support/watch.ts'

const words = (count: number, from = 1): string[] => Array.from({ length: count }, (_, at) => `word ${from + at}`)
const framesOf = (payloads: readonly string[], from = 1): Buffer =>
  Buffer.concat(payloads.map((payload, at) => frame(from + at, payload)))

/** A receiver whose checkpoints are taken by hand. */
async function receiver({ store = memoryStore(), maxFrameLength }: { store?: Store; maxFrameLength?: number } = {}) {
  const letters: DeadLetter[] = []
  const out = collect<string>()
  let port = 0
  const source = tcpSource({
    listen: '127.0.0.1:0',
    acknowledged: true,
    ...(maxFrameLength !== undefined && { maxFrameLength }),
    name: 'tcp',
    onListening: (address) => (port = address.port),
  })
  const app = await startKillable({
    store,
    checkpointInterval: Infinity,
    pipelines: { pipeline: source.pipe(decode(utf8), toSink(out)) },
    deadLetters: (letter) => void letters.push(letter),
  })
  await app.opened
  return { app, out, port, letters, codes: () => letters.map(({ error }) => error.code) }
}

async function greet(port: number, stream = 's', id = stream): Promise<RawSender> {
  const sender = await rawSender(port)
  sender.socket.write(hello(stream, id))
  await sender.until(() => sender.messages.length > 0 || sender.ended)
  return sender
}

describe('a receiver', () => {
  test('greets with what is durable, takes frames at once, and acknowledges them with a checkpoint', async () => {
    const { app, out, port } = await receiver()
    const sender = await greet(port)
    expect(sender.messages[0]!.type).toBe('W')
    expect(sender.number).toBe(0)
    sender.socket.write(framesOf(['a', '', 'ä']))
    await out.until(() => out.messages.length === 3)
    expect(out.messages).toEqual(['a', '', 'ä'])
    await settled(() => sender.messages.length)
    expect(sender.messages).toHaveLength(1)
    await app.checkpoint()
    await sender.until(() => sender.messages.length === 2)
    expect(sender.number).toBe(3)
    expect(sender.messages[1]!.body.subarray(8)).toEqual(u32(checksumOf(['a', '', 'ä'])))
  })

  test('takes each number once, however the stream is cut into chunks and connections', async () => {
    const { app, out, port } = await receiver()
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.record({ bytes: fc.nat(600), chunk: fc.integer({ min: 1, max: 50 }), checkpoint: fc.boolean() }), {
          maxLength: 6,
        }),
        async (payloads, cuts) => {
          const stream = `stream ${run++}`
          const before = out.messages.length
          for (const { bytes, chunk, checkpoint } of [...cuts, { bytes: 1e6, chunk: 1e6, checkpoint: false }]) {
            const sender = await greet(port, stream)
            const all = framesOf(payloads.slice(sender.number), sender.number + 1).subarray(0, bytes)
            for (let at = 0; at < all.length; at += chunk) sender.socket.write(all.subarray(at, at + chunk))
            if (checkpoint) await app.checkpoint()
            if (bytes < 1e6) sender.socket.resetAndDestroy()
          }
          await out.until(() => out.messages.length - before >= payloads.length)
          expect(out.messages.slice(before)).toEqual(payloads)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('that is killed has what its last checkpoint has, and says so', async () => {
    const store = memoryStore()
    const first = await receiver({ store })
    const sender = await greet(first.port)
    sender.socket.write(framesOf(words(5)))
    await first.out.until(() => first.out.messages.length === 5)
    await first.app.checkpoint()
    sender.socket.write(framesOf(words(5, 6), 6))
    await first.out.until(() => first.out.messages.length === 10)
    await first.app.kill()
    const second = await receiver({ store })
    const again = await greet(second.port)
    expect(again.number).toBe(5)
    expect(again.messages[0]!.body.subarray(6, 14)).toEqual(sender.messages[0]!.body.subarray(6, 14)) // the same one
    again.socket.write(framesOf(words(6, 6), 6))
    await second.out.until(() => second.out.messages.length === 6)
    expect(second.out.messages).toEqual(words(6, 6))
  })

  test('does not take again what it has taken and not made durable', async () => {
    const { out, port } = await receiver()
    const first = await greet(port)
    first.socket.write(framesOf(words(5)))
    await out.until(() => out.messages.length === 5)
    const second = await greet(port)
    expect(second.number).toBe(0)
    second.socket.write(framesOf(words(7)))
    await out.until(() => out.messages.length === 7)
    expect(out.messages).toEqual(words(7))
  })

  test('acknowledges the last checkpoint of a stop, and ends the connections then', async () => {
    const { app, out, port } = await receiver()
    const sender = await greet(port)
    sender.socket.write(framesOf(words(5)))
    await out.until(() => out.messages.length === 5)
    const closed = app.close()
    await sender.until(() => sender.ended)
    expect(sender.number).toBe(5)
    await closed
  })

  test('takes nothing while its pipeline is held', async () => {
    const { out, port } = await receiver()
    const sender = await greet(port)
    const release = out.holds.take('test')
    sender.socket.write(framesOf(words(3)))
    await settled(() => out.messages.length)
    expect(out.messages).toEqual([])
    release()
    await out.until(() => out.messages.length === 3)
  })

  test('has several streams', async () => {
    const { out, port } = await receiver()
    for (const stream of ['one', 'two']) (await greet(port, stream)).socket.write(framesOf([stream]))
    await out.until(() => out.messages.length === 2)
    expect(out.messages.toSorted()).toEqual(['one', 'two'])
  })
})

describe('a sender', () => {
  test('of a stream that another one has takes it over, and the other one is told', async () => {
    const { app, out, port, letters } = await receiver()
    const first = await greet(port)
    const second = await greet(port)
    await first.until(() => first.ended)
    expect(first.error).toBe('STREAM_TAKEN_OVER')
    second.socket.write(framesOf(['a']))
    await out.until(() => out.messages.length === 1)
    await app.checkpoint()
    await second.until(() => second.number === 1)
    expect((await greet(port)).number).toBe(1)
    expect(letters).toEqual([])
  })

  test('that has lost its state is refused', async () => {
    const { out, port, codes } = await receiver()
    await greet(port, 's', 'first')
    await greet(port, 's', 'second') // there is nothing of the first one
    const third = await greet(port, 's', 'third')
    third.socket.write(framesOf(['a']))
    await out.until(() => out.messages.length === 1)
    const fourth = await greet(port, 's', 'fourth')
    await fourth.until(() => fourth.ended)
    expect(fourth.error).toBe('STREAM_CHANGED')
    expect(codes()).toEqual(['STREAM_CHANGED'])
    third.socket.write(framesOf(['b'], 2))
    await out.until(() => out.messages.length === 2)
  })

  test.each([
    ['leaves a number out', 'STREAM_GAP', [frame(1, 'a'), frame(3, 'c')]],
    ['repeats a number', 'STREAM_GAP', [frame(1, 'a'), frame(1, 'a')]],
    ['begins in the future', 'STREAM_GAP', [frame(2 ** 40, 'a')]],
    ['sends a frame without a number', 'STREAM_GAP', [message('F', 'a')]],
    ['sends a frame that is too long', 'FRAME_TOO_LONG', [frame(1, 'a'.repeat(101))]],
    ['greets twice', 'PEER_NOT_UNDERSTOOD', [hello('s')]],
    ['sends what nobody knows', 'PEER_NOT_UNDERSTOOD', [message('X', 'a')]],
    ['sends nothing at all', 'PEER_NOT_UNDERSTOOD', [Buffer.alloc(4)]],
  ])('that %s is told why, and is a dead letter; what came before is taken', async (_, code, messages) => {
    const { out, port, codes } = await receiver({ maxFrameLength: 100 })
    const sender = await greet(port)
    sender.socket.write(Buffer.concat(messages))
    await sender.until(() => sender.ended)
    expect(sender.error).toBe(code)
    expect(codes()).toEqual([code])
    const again = await greet(port)
    const before = out.messages.length
    again.socket.write(framesOf(['a', 'b']))
    await out.until(() => out.messages.length === 2)
    expect(out.messages).toEqual(['a', 'b'])
    expect(before).toBe(messages.length === 2 ? 1 : 0)
  })

  test('that sends a frame which is too long is told how long one may be', async () => {
    const { port, letters } = await receiver({ maxFrameLength: 100 })
    const sender = await greet(port)
    sender.socket.write(frame(1, 'a'.repeat(101)))
    await sender.until(() => sender.ended)
    expect(letters[0]!.error).toMatchObject({
      expected: 'a frame of at most 100 bytes (option maxFrameLength)',
      got: 'a header that announces 110 bytes, 9 of them its type and number',
    })
  })

  test('that sends other frames under the same numbers is told, before anything new is taken', async () => {
    const { out, port, codes } = await receiver()
    const first = await greet(port)
    first.socket.write(framesOf(['a', 'b']))
    await out.until(() => out.messages.length === 2)
    const second = await greet(port)
    second.socket.write(framesOf(['b', 'a', 'c']))
    await second.until(() => second.ended)
    expect(second.error).toBe('STREAM_REPLAY_DIFFERS')
    const third = await greet(port)
    third.socket.write(framesOf(['b', 'a', 'c'])) // it is not believed when it says so twice
    await third.until(() => third.ended)
    expect(codes()).toEqual(['STREAM_REPLAY_DIFFERS', 'STREAM_REPLAY_DIFFERS'])
    const fourth = await greet(port)
    fourth.socket.write(framesOf(['a', 'b', 'c']))
    await out.until(() => out.messages.length === 3)
    expect(out.messages).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['speaks plain frames', Buffer.from([0, 0, 0, 2, 0x61, 0x62])],
    ['is a browser', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['has another version', message('H', 'WLRX\0\x02', '12345678', 's')],
    ['has a stream without a name', message('H', 'WLRX\0\x01', '12345678')],
    ['sends frames before it is greeted', Buffer.concat([frame(1, 'a'), hello('s')])],
  ])('that %s is not understood', async (_, bytes) => {
    const { port, codes, out } = await receiver()
    const sender = await rawSender(port)
    sender.socket.write(bytes)
    await sender.until(() => sender.ended)
    expect(codes()).toEqual(['PEER_NOT_UNDERSTOOD'])
    expect(out.messages).toEqual([])
  })

  test('that breaks off within a frame is no dead letter', async () => {
    const { out, port, letters } = await receiver()
    const sender = await greet(port)
    sender.socket.write(framesOf(['a', 'b']).subarray(0, -1))
    await out.until(() => out.messages.length === 1)
    sender.socket.end()
    await sender.until(() => sender.ended)
    const again = await greet(port)
    again.socket.write(framesOf(['a', 'b']))
    await out.until(() => out.messages.length === 2)
    expect(letters).toEqual([])
  })
})

test('without a store it does not begin', async () => {
  const source = tcpSource({ listen: '127.0.0.1:0', acknowledged: true })
  const app = run({ name: 'test', pipelines: { pipeline: source }, log: false, handleSignals: false })
  await expect(app.then(({ closed }) => closed)).rejects.toMatchObject({ code: 'ACKNOWLEDGED_NEEDS_STORE' })
})
