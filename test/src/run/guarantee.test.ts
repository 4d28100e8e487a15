import { join } from 'node:path'
import { interval, NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  fileSink,
  fileSource,
  fromObservable,
  journaled,
  lengthPrefixed,
  memoryStore,
  tcpSink,
  tcpSource,
  type RunOptions,
} from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { runForTest } from '../../support/pipelines.ts'
import { freePort, receive } from '../../support/sockets.ts'
import { count, counts, lines, text } from '../checkpoint/counting.ts'

describe('a guarantee of exactly once', () => {
  const framing = lengthPrefixed(4)
  const asking = (pipeline: RunOptions['pipelines'][string]): Promise<unknown> =>
    runForTest({ store: memoryStore(), guarantee: 'exactly-once', pipelines: { pipeline } })
  const refusal = (why: RegExp) => ({
    code: 'GUARANTEE_IMPOSSIBLE',
    where: { pipeline: 'pipeline' },
    message: expect.stringMatching(why),
  })
  const toFile = () => toSink(fileSink({ path: join(temporaryFolder(), 'out') }))

  test('is refused where a source cannot replay', async () => {
    const tcp = tcpSource({ listen: `127.0.0.1:${await freePort()}`, framing })
    await expect(asking(tcp.pipe(toFile()))).rejects.toMatchObject(refusal(/cannot replay.*journaled/))
    await expect(asking(interval(1).pipe(encode(String), toFile()))).rejects.toMatchObject(refusal(/cannot replay/))
    const foreign = fromObservable(interval(1)).pipe(encode(String), toFile())
    await expect(asking(foreign)).rejects.toMatchObject(refusal(/cannot replay/))
  })

  test('is refused where a sink cannot go back', async () => {
    const receiver = await receive()
    const file = () => fileSource({ path: temporaryFile('a\n'), framing: lines })
    const sinks = [tcpSink({ connect: receiver.address }), fileSink({ path: '-' })]
    for (const sink of sinks) {
      await expect(asking(file().pipe(toSink(sink)))).rejects.toMatchObject(refusal(/a sink that cannot go back/))
    }
    const both = file().pipe(toSink([fileSink({ path: join(temporaryFolder(), 'out') }), sinks[0]!]))
    await expect(asking(both)).rejects.toMatchObject(refusal(/a sink that cannot go back/))
  })

  test('is given over acknowledged TCP, on both sides', async () => {
    const receiver = await receive()
    const listen = `127.0.0.1:${await freePort()}`
    const file = fileSource({ path: temporaryFile('a\n'), framing: lines })
    const sink = tcpSink({ connect: receiver.address, acknowledged: true })
    await asking(file.pipe(toSink(sink)))
    await asking(tcpSource({ listen, acknowledged: true }).pipe(toFile()))
  })

  test('is given from file to file, from a journal to a file, and to no sink at all', async () => {
    const file = fileSource({ path: temporaryFile('a\n'), framing: lines })
    const journal = journaled(NEVER, { directory: join(temporaryFolder(), 'journal') })
    await asking(file.pipe(toFile()))
    await asking(file.pipe(decode(text), toStatePartition(count, counts())))
    const { app } = (await asking(journal.pipe(toFile()))) as Awaited<ReturnType<typeof runForTest>>
    expect(app.lifecycle).toBe('running')
  })
})
