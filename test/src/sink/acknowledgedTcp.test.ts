import { of } from 'rxjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { memoryStore, tcpSink, type Store, type TcpSinkOptions } from 'wallarx'
import { toSink } from 'wallarx/operators'
import {
  ack,
  checksumOf,
  message,
  rawReceiver,
  welcome,
  type Peer,
  type RawReceiver,
} from '../../support/acknowledged.ts'
import { startKillable, type KillableApplication } from '../../support/applications.ts'
import { feed, type Feed } from '../../support/durability.ts'
import { freePort } from '../../support/sockets.ts'
import { settled } from '../../support/watch.ts'

const backoff = { initial: 2, max: 10 }

/** A sender whose messages are pushed by hand; its checkpoints are taken by hand, too. */
async function sender(
  connect: string,
  {
    store = memoryStore(),
    source = feed<string>(),
    ...options
  }: Partial<TcpSinkOptions> & { store?: Store; source?: Feed<string> } = {},
): Promise<KillableApplication & { readonly source: Feed<string> }> {
  const sink = tcpSink({ connect, acknowledged: true, stream: 's', backoff, ...options })
  const app = await startKillable({
    store,
    checkpointInterval: Infinity,
    pipelines: { pipeline: source.source.pipe(toSink<string>(sink)) },
  })
  return Object.defineProperties({ source }, Object.getOwnPropertyDescriptors(app)) as never
}

/** Greets each sender with what it has, and acknowledges nothing by itself. */
const greeting =
  (number = 0, checksum = 0, id = 'receiver') =>
  (peer: Peer): void => {
    peer.socket.once('data', () => peer.socket.write(welcome(id, number, checksum)))
  }

const greeted = async (receiver: RawReceiver, connections = 1): Promise<Peer> => {
  await receiver.until(() => receiver.connections.length >= connections)
  return receiver.connections[connections - 1]!
}
const payloads = (peer: Peer): string[] => peer.frames().map(({ payload }) => payload)
const failure = async ({ closed }: KillableApplication): Promise<unknown> =>
  closed.then(
    () => 'none',
    (error: unknown) => error,
  )

describe('a sender', () => {
  test('greets with protocol, version, id and name, and numbers its frames from 1 on', async () => {
    const receiver = await rawReceiver(greeting())
    const { source } = await sender(receiver.address)
    source.push('a', '', 'ä')
    const peer = await greeted(receiver)
    await receiver.until(() => peer.frames().length === 3)
    expect(peer.messages[0]!.type).toBe('H')
    expect(peer.messages[0]!.body.toString('latin1', 0, 6)).toBe('WLRX\0\x01')
    expect(peer.messages[0]!.body.toString('latin1', 14)).toBe('s')
    expect(peer.frames()).toEqual(['a', '', 'ä'].map((payload, at) => ({ number: at + 1, payload })))
  })

  test('sends after a reconnect what is not acknowledged, wherever the mark lies', async () => {
    const words = ['a', 'bb', 'ccc', 'dddd', 'e']
    for (let has = 0; has <= words.length; has++) {
      const receiver = await rawReceiver((peer, index) => {
        greeting(index === 0 ? 0 : has, index === 0 ? 0 : checksumOf(words.slice(0, has)))(peer)
      })
      const { source } = await sender(receiver.address)
      source.push(...words)
      const first = await greeted(receiver)
      await receiver.until(() => first.frames().length === words.length)
      first.socket.resetAndDestroy()
      const second = await greeted(receiver, 2)
      source.push('last')
      await receiver.until(() => payloads(second).at(-1) === 'last')
      expect(payloads(second)).toEqual([...words.slice(has), 'last'])
      expect(second.frames()[0]!.number).toBe(has + 1)
    }
  })

  test('keeps in its checkpoint what is not acknowledged, and goes on after a kill', async () => {
    const store = memoryStore()
    const receiver = await rawReceiver((peer, index) => {
      greeting(index, checksumOf(['a', 'b', 'c'].slice(0, index)))(peer)
    })
    for (let start = 0; start < 3; start++) {
      const source = feed<string>()
      source.push('a', 'b', 'c')
      const app = await sender(receiver.address, { store, source })
      const peer = await greeted(receiver, start + 1)
      await receiver.until(() => peer.frames().length === 3 - start)
      expect(payloads(peer)).toEqual(['a', 'b', 'c'].slice(start))
      await app.checkpoint()
      await app.kill()
    }
    const [first, second] = receiver.connections
    expect(first!.messages[0]!.body).toEqual(second!.messages[0]!.body) // the same stream
  })

  test('holds its sources at maxUnacknowledged, and goes on when half of it is acknowledged', async () => {
    const receiver = await rawReceiver(greeting())
    const app = await sender(receiver.address, { maxUnacknowledged: 200 })
    const { source } = app
    const words = Array.from({ length: 100 }, (_, at) => `word ${at}`)
    for (const word of words) {
      source.push(word)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const peer = await greeted(receiver)
    await settled(() => peer.frames().length)
    const came = peer.frames().length
    const status = app.status().pipelines.pipeline!
    expect(status.holds.map(({ name }) => name)).toEqual([`tcp ${receiver.address}`])
    expect(came).toBeLessThan(100)
    peer.socket.write(ack(came, checksumOf(words.slice(0, came))))
    await receiver.until(() => peer.frames().length > came)
  })

  test('ends when its sources do and all is acknowledged; a stop does not wait', async () => {
    const receiver = await rawReceiver(greeting())
    const sink = tcpSink({ connect: receiver.address, acknowledged: true })
    const app = await startKillable({
      store: memoryStore(),
      pipelines: { pipeline: of('a').pipe(toSink<string>(sink)) },
    })
    const peer = await greeted(receiver)
    await receiver.until(() => peer.frames().length === 1)
    expect(peer.messages[0]!.body.toString('latin1', 14)).toBe(`pipeline/tcp ${receiver.address}`)
    await settled(() => peer.messages.length)
    expect(app.lifecycle).not.toBe('closed')
    peer.socket.write(ack(1, checksumOf(['a'])))
    await app.closed

    const stopped = await sender(receiver.address)
    stopped.source.push('b')
    await receiver.until(() => receiver.last.frames().length === 1)
    await stopped.close()
  })

  test('takes a checkpoint while nobody listens', async () => {
    const { source, checkpoint } = await sender(`127.0.0.1:${await freePort()}`)
    source.push('a')
    await checkpoint()
  })
})

describe('frames that were sent behind the checkpoint', () => {
  const sentBehind = async (again: readonly string[], options: Partial<TcpSinkOptions> = {}) => {
    const store = memoryStore()
    const before = ['a', 'b']
    const receiver = await rawReceiver((peer, index) => {
      greeting(index === 0 ? 0 : 2, index === 0 ? 0 : checksumOf(before))(peer)
    })
    const source = feed<string>()
    const app = await sender(receiver.address, { store, source, ...options })
    const peer = await greeted(receiver)
    await settled(() => app.log.length + peer.messages.length) // the receiver is in a checkpoint
    source.push(...before)
    await receiver.until(() => peer.frames().length === 2)
    await app.kill()
    const replayed = feed<string>()
    const restarted = await sender(receiver.address, { store, source: replayed, ...options })
    await greeted(receiver, 2)
    replayed.push(...again)
    return { receiver, restarted }
  }

  test('are not sent again where the receiver has them, and those behind them are', async () => {
    const { receiver } = await sentBehind(['a', 'b', 'c'])
    await receiver.until(() => receiver.last.frames().length > 0)
    expect(receiver.last.frames()).toEqual([{ number: 3, payload: 'c' }])
  })

  test('fail the sender where they are others, before anything is sent', async () => {
    const { receiver, restarted } = await sentBehind(['b', 'a', 'c'])
    expect(await failure(restarted)).toMatchObject({ code: 'STREAM_REPLAY_DIFFERS' })
    expect(receiver.last.frames()).toEqual([])
  })

  test('fail it where it comes to its end without making them', async () => {
    const { restarted } = await sentBehind(['a'])
    await restarted.close() // a stop: the next start may make them
    const store = memoryStore()
    const receiver = await rawReceiver(greeting(5, 7))
    const app = await startKillable({
      store,
      pipelines: { pipeline: of('a').pipe(toSink<string>(tcpSink({ connect: receiver.address, acknowledged: true }))) },
    })
    expect(await failure(app)).toMatchObject({ code: 'STREAM_AHEAD' })
  })

  test('do not exist with send: after checkpoint', async () => {
    const receiver = await rawReceiver(greeting())
    const app = await sender(receiver.address, { send: 'after checkpoint' })
    const peer = await greeted(receiver)
    await settled(() => peer.messages.length)
    app.source.push('a', 'b')
    await settled(() => peer.messages.length)
    expect(peer.frames()).toEqual([])
    await app.checkpoint()
    await receiver.until(() => peer.frames().length === 2)
    app.source.push('c')
    await settled(() => peer.messages.length)
    expect(payloads(peer)).toEqual(['a', 'b'])
  })
})

describe('a receiver', () => {
  test('that has lost its state gets what it did not acknowledge under another name, from 1 on', async () => {
    const store = memoryStore()
    const receiver = await rawReceiver(greeting())
    const app = await sender(receiver.address, { store })
    const first = await greeted(receiver)
    app.source.push('a', 'b', 'c')
    await receiver.until(() => first.frames().length === 3)
    first.socket.write(ack(1, checksumOf(['a'])))
    await settled(() => app.log.length)
    await app.checkpoint()
    await app.kill()
    expect(await failure(await sender(receiver.address, { store }))).toMatchObject({ code: 'RECEIVER_CHANGED' })
    for (let start = 0; start < 2; start++) {
      const renamed = await sender(receiver.address, { store, stream: 'other' })
      renamed.source.push('a', 'b', 'c', 'd')
      await receiver.until(() => receiver.last.frames().length === 3)
      expect(receiver.last.frames()).toEqual(['b', 'c', 'd'].map((payload, at) => ({ number: at + 1, payload })))
      await renamed.checkpoint()
      await renamed.kill()
    }
  })

  const refused = async (greet: (peer: Peer, index: number) => void, words = ['a']) => {
    const receiver = await rawReceiver(greet)
    const app = await sender(receiver.address)
    app.source.push(...words)
    return { app, receiver }
  }

  test('that is another one gets nothing', async () => {
    const { app, receiver } = await refused((peer, index) => {
      greeting(0, 0, `other ${index}`)(peer)
    })
    const first = await greeted(receiver)
    await receiver.until(() => first.frames().length === 1)
    first.socket.destroy()
    expect(await failure(app)).toMatchObject({
      code: 'RECEIVER_CHANGED',
      message: expect.stringMatching(/another one/),
    })
    expect(receiver.last.frames()).toEqual([])
    await receiver.until(() => receiver.last.error === 'RECEIVER_CHANGED')
  })

  test('that has less than it acknowledged has lost its state', async () => {
    const { app, receiver } = await refused(greeting())
    const first = await greeted(receiver)
    await receiver.until(() => first.frames().length === 1)
    first.socket.write(ack(1, checksumOf(['a'])))
    await settled(() => first.messages.length)
    first.socket.destroy()
    expect(await failure(app)).toMatchObject({
      code: 'RECEIVER_CHANGED',
      message: expect.stringMatching(/lost its state/),
    })
  })

  test('that acknowledges other bytes, or a number from the future, fails the sender', async () => {
    for (const [mark, code] of [
      [ack(1, 1), 'STREAM_REPLAY_DIFFERS'],
      [ack(3, checksumOf(['a'])), 'STREAM_AHEAD'],
    ] as const) {
      const { app, receiver } = await refused(greeting())
      const peer = await greeted(receiver)
      await receiver.until(() => peer.frames().length === 1)
      peer.socket.write(mark)
      expect(await failure(app)).toMatchObject({ code })
    }
  })

  test('that refuses is heeded: the code is its own, and it is not tried again', async () => {
    for (const [said, code] of [
      ['STREAM_TAKEN_OVER', 'STREAM_TAKEN_OVER'],
      ['STREAM_CHANGED', 'STREAM_CHANGED'],
      ['SOMETHING_ELSE', 'SINK_FAILED'],
    ] as const) {
      const { app, receiver } = await refused((peer) => {
        peer.socket.once('data', () => peer.socket.end(message('E', `${said}\0why`)))
      })
      expect(await failure(app)).toMatchObject({ code, got: expect.stringContaining('why') })
      expect(receiver.connections).toHaveLength(1)
    }
  })

  test('that talks nonsense, breaks off or takes itself back is tried again, until it is one', async () => {
    const nonsense = [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Buffer.from([0, 0, 0, 0]),
      message('W', 'WLRX\0\x02', '12345678', Buffer.alloc(12)),
      message('W', 'WLRX\0\x01', '12345678'),
      message('A', Buffer.alloc(12)),
      welcome('receiver').subarray(0, 7),
      Buffer.concat([welcome('receiver'), welcome('receiver')]),
    ]
    const { app, receiver } = await refused((peer, index) => {
      if (index >= nonsense.length) greeting()(peer)
      else {
        peer.socket.write(nonsense[index]!)
        setTimeout(() => peer.socket.end(), 5)
      }
    })
    await receiver.until(() => receiver.connections.length > nonsense.length && receiver.last.frames().length === 1)
    expect(app.log.join('\n')).toMatch(
      /not greeted: .*expected version 1 of acknowledged TCP, got version 2; trying again/,
    )
    expect(app.lifecycle).toBe('running')
  })
})

describe('silence', () => {
  const later = async (milliseconds: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(milliseconds)
  }

  test('instead of a greeting is waited for 10 seconds, and of an acknowledgement 30', async () => {
    const receiver = await rawReceiver((peer, index) => {
      if (index > 0) greeting()(peer)
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await sender(receiver.address)
    const first = await greeted(receiver)
    await receiver.until(() => first.messages.length === 1)
    await later(9900)
    expect(first.ended).toBe(false)
    await later(200)
    await receiver.until(() => first.ended)
    await later(1000)
    const second = await greeted(receiver, 2)
    await receiver.until(() => second.messages.length === 1)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await later(29_000)
    second.socket.write(ack(0, 0))
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await later(29_000)
    expect(second.ended).toBe(false)
    await later(2000)
    await receiver.until(() => second.ended)
  })
})

describe('options', () => {
  const connect = '127.0.0.1:1'
  test('that have no meaning are refused', () => {
    for (const options of [
      { connect, stream: 'a' },
      { connect, send: 'at once' },
      { connect, maxUnacknowledged: 1 },
      { connect, acknowledged: true, highWaterMark: 1 },
      { connect, acknowledged: true, stream: '' },
      { connect, acknowledged: true, stream: 'ä'.repeat(128) },
      { connect, acknowledged: true, send: 'later' },
      { connect, acknowledged: true, maxUnacknowledged: 0 },
      { connect, acknowledged: 'yes' },
    ]) {
      expect(() => tcpSink(options as TcpSinkOptions)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    }
  })

  test('need a store', async () => {
    const { run } = await import('wallarx')
    const sink = tcpSink({ connect, acknowledged: true })
    const pipelines = { pipeline: of('a').pipe(toSink<string>(sink)) }
    const app = run({ name: 'test', pipelines, log: false, handleSignals: false })
    await expect(app.then(({ closed }) => closed)).rejects.toMatchObject({ code: 'ACKNOWLEDGED_NEEDS_STORE' })
  })
})
