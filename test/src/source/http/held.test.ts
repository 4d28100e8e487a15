import type * as fs from 'node:fs'
import { Agent } from 'node:http'
import { request as secureRequest } from 'node:https'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { delimited, httpSource, journaled, memoryStore, type HttpSourceOptions, type JournaledOptions } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest } from '../../../support/pipelines.ts'
import { closed, isFree, write } from '../../../support/sockets.ts'
import { eventually, settled } from '../../../support/watch.ts'
import { inJournal, newDirectory } from '../../journal/journals.ts'
import * as certificates from '../certificates/certificates.ts'
import { head, open, post, raw, text } from './httpSources.ts'

/** The disk, whose syncs wait while it is `slow`, and whose writes fail while it is `full`. */
const disk = vi.hoisted(() => ({ slow: false, full: false, waiting: [] as (() => void)[] }))
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const fdatasync = (fd: number, done: (error: Error | null) => void): void => {
    original.fdatasync(fd, (error) => {
      if (disk.slow) disk.waiting.push(() => done(error))
      else done(error)
    })
  }
  const writeSync = ((...args: Parameters<typeof fs.writeSync>) => {
    if (disk.full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    return original.writeSync(...args)
  }) as typeof fs.writeSync
  return { ...original, fdatasync, writeSync }
})

describe('while the pipeline is held', () => {
  test('a request waits, and is taken in its turn when the hold is released', async () => {
    const { port, post, sink } = await open({ holdTimeout: 60_000 })
    await post('before')
    const release = sink.holds.take('test')
    const { socket, answered } = await raw(port)
    socket.write(`${head(3)}one${head(3)}two`)
    const third = post('three')
    await settled(() => sink.messages.length + answered().length)
    expect(sink.messages).toEqual(['before'])
    expect(answered()).toBe('')
    release()
    expect(await third).toMatchObject({ status: 202 })
    await eventually(() => answered().split(' 202 ').length === 3)
    expect(sink.messages.filter((message) => message !== 'three')).toEqual(['before', 'one', 'two'])
  })

  test('a request is refused with 503 when it has waited for long, and may come again', async () => {
    const { post, sink, letters } = await open({ holdTimeout: 30 })
    const release = sink.holds.take('test')
    const refused = await post('again')
    expect(refused).toMatchObject({ status: 503, body: { code: 'HELD' }, headers: { 'retry-after': '1' } })
    release()
    expect(await post('again')).toMatchObject({ status: 202 })
    expect(sink.messages).toEqual(['again'])
    expect(letters).toEqual([])
  })

  test('a hold that has lasted for long is not waited for: the body is not even asked for', async () => {
    const { port, post, sink } = await open({ holdTimeout: 0 })
    sink.holds.take('test')
    expect(await post('no')).toMatchObject({ status: 503, body: { code: 'HELD' } })
    const { socket, answered } = await raw(port)
    socket.write(head(5, 'Expect: 100-continue\r\n'))
    await eventually(() => answered().includes('503'))
    expect(answered()).not.toContain('100 Continue')
    expect(sink.messages).toEqual([])
  })

  test('a client that goes away while it waits has sent nothing', async () => {
    const { port, post, sink, letters } = await open({ holdTimeout: 60_000 })
    const release = sink.holds.take('test')
    const { socket } = await raw(port)
    await write(socket, `${head(4)}gone`)
    await settled(() => sink.messages.length)
    socket.destroy()
    const there = post('there')
    await settled(() => sink.messages.length)
    release()
    expect(await there).toMatchObject({ status: 202 })
    expect(sink.messages).toEqual(['there'])
    expect(letters).toEqual([])
  })

  test('a request behind which nonsense comes is not answered with what that is', async () => {
    const { port, sink } = await open({ holdTimeout: 60_000 })
    const release = sink.holds.take('test')
    const { socket, answered } = await raw(port)
    socket.write(`${head(3)}one`)
    await settled(() => sink.messages.length)
    socket.write('nonsense\r\n\r\n')
    await closed(socket)
    expect(answered()).toBe('')
    release()
    expect(sink.messages).toEqual([])
  })

  test('a request that leads to a hold makes those behind it wait', async () => {
    const { port, sink } = await open({ holdTimeout: 60_000 })
    const first = sink.holds.take('first')
    const agents = Array.from({ length: 5 }, () => new Agent())
    const answers = agents.map((agent, at) => post(port, `${at}`, { agent }))
    await settled(() => sink.messages.length)
    let release = (): void => undefined
    const { push } = sink.messages
    sink.messages.push = (message) => {
      release = sink.holds.take('next')
      return push.call(sink.messages, message)
    }
    first()
    for (let passed = 1; passed <= 5; passed++) {
      expect(sink.messages.length).toBe(passed)
      release()
    }
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(202)
  })
})

describe('in a journal', () => {
  async function openJournaled(
    journal: Partial<JournaledOptions> & Pick<JournaledOptions, 'directory'>,
    options: Partial<HttpSourceOptions> = {},
  ) {
    const sink = collect<string>()
    let port = 0
    const source = httpSource({ listen: '127.0.0.1:0', path: '/in', onListening: (at) => (port = at.port), ...options })
    const frames = journaled(source, journal)
    const tested = await runForTest({
      store: memoryStore(),
      pipelines: { pipeline: frames.pipe(decode(text), toSink(sink)) },
    })
    return { ...tested, sink, port }
  }

  test('202 comes when the frames are in the journal', async () => {
    const directory = newDirectory()
    const { port, app, sink } = await openJournaled({ directory }, { framing: delimited('\n') })
    const seen: string[][] = []
    for (let round = 0; round < 5; round++) {
      expect(await post(port, `${round} one\n${round} two\n`)).toMatchObject({ status: 202, body: { frames: 2 } })
      seen.push(await inJournal(directory))
    }
    seen.forEach((frames, round) => expect(frames.slice(-2)).toEqual([`${round} one`, `${round} two`]))
    await app.close()
    expect(sink.messages.length).toBe(10)
  })

  test('with sync: machine, 202 comes when they are on the disk', async () => {
    const { port, sink } = await openJournaled({ directory: newDirectory(), sync: 'machine' })
    expect(await post(port, 'first')).toMatchObject({ status: 202 })
    disk.slow = true
    let answered = 0
    const waiting = ['second', 'third'].map(async (body) => {
      const answer = await post(port, body)
      answered++
      return answer
    })
    await eventually(() => disk.waiting.length > 0)
    await settled(() => answered)
    expect(answered).toBe(0)
    expect(sink.messages).toEqual(['first'])
    disk.slow = false
    for (const go of disk.waiting.splice(0)) go()
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(202)
    await sink.until(() => sink.messages.length === 3)
  })

  test('that cannot be written there is no 202, and the run fails', async () => {
    const { port, app } = await openJournaled({ directory: newDirectory() })
    expect(await post(port, 'first')).toMatchObject({ status: 202 })
    const failing = expect(app.closed).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
    disk.full = true
    onTestFinished(() => void (disk.full = false))
    await expect(post(port, 'lost')).rejects.toThrow(/ECONNRESET|hang up/)
    await failing
  })

  test('what was answered 202 and not processed is processed at the next start', async () => {
    const directory = newDirectory()
    const store = memoryStore()
    const start = async (sink = collect<string>()) => {
      let port = 0
      const source = httpSource({ listen: '127.0.0.1:0', path: '/in', onListening: (at) => (port = at.port) })
      const pipeline = journaled(source, { directory }).pipe(decode(text), toSink(sink))
      const tested = await runForTest({ store, pipelines: { pipeline }, checkpointInterval: 60_000 })
      return { ...tested, port, sink }
    }
    const first = await start()
    expect(await post(first.port, 'one')).toMatchObject({ status: 202 })
    // As if killed: what is in the journal is all that is left.
    expect(await inJournal(directory)).toEqual(['one'])
    const other = collect<string>()
    const source = journaled(httpSource({ listen: '127.0.0.1:0' }), { directory })
    await runForTest({ store: memoryStore(), pipelines: { pipeline: source.pipe(decode(text), toSink(other)) } })
    await other.until(() => other.messages.length === 1)
    expect(other.messages).toEqual(['one'])
  })
})

describe('a stop', () => {
  test('refuses what has come in part, passes what waits, answers it, and frees the port', async () => {
    const { port, app, sink } = await open({ holdTimeout: 60_000 })
    const idle = await raw(port)
    const silent = await raw(port)
    silent.socket.write('POST /in HT')
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    await post(port, 'before', { agent })
    const half = await raw(port)
    await write(half.socket, `${head(10)}half`)
    const release = sink.holds.take('test')
    const waiting = post(port, 'waits', { agent })
    await settled(() => sink.messages.length)
    const closing = app.close()
    await eventually(() => half.answered().includes('503'))
    expect(half.answered()).toContain('"code":"CLOSING"')
    expect(app.lifecycle).toBe('draining')
    release()
    expect(await waiting).toMatchObject({ status: 202, headers: { connection: 'close' } })
    half.socket.write('whole.')
    await closing
    await Promise.all([idle, silent, half].map(({ socket }) => closed(socket)))
    expect(sink.messages).toEqual(['before', 'waits'])
    expect(sink.closed).toBe(true)
    expect(await isFree(port)).toBe(true)
  })

  test('does not wait for a client that never sends the rest', async () => {
    const { port, app, letters } = await open()
    const half = await raw(port)
    await write(half.socket, `${head(10)}half`)
    await settled(() => letters.length)
    await app.close()
    await closed(half.socket)
    expect(half.answered()).toContain('503')
    expect(letters).toEqual([])
  })
})

describe('TLS', () => {
  test('clients that trust the certificate are served, others are reported', async () => {
    const { port, sink, letters, until } = await open({ tls: certificates.server })
    const send = async (tls: object): Promise<number> => {
      const asking = secureRequest({ port, host: '127.0.0.1', path: '/in', method: 'POST', agent: false, ...tls })
      asking.end('secret')
      const [response] = (await once(asking, 'response')) as [{ statusCode: number; resume(): void }]
      response.resume()
      return response.statusCode
    }
    expect(await send(certificates.authority)).toBe(202)
    await expect(send(certificates.otherAuthority)).rejects.toThrow(/certificate/)
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_FAILED')
    expect(sink.messages).toEqual(['secret'])
  })
})
