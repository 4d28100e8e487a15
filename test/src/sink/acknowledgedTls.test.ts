import { expect, test } from 'vitest'
import { memoryStore, tcpSink, tcpSource, utf8, type DeadLetter } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { memoryFile, startKillable } from '../../support/applications.ts'
import { feed } from '../../support/durability.ts'
import { freePort } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'
import * as certificates from '../source/certificates/certificates.ts'

const backoff = { initial: 2, max: 10 }

/** A sender and a receiver with a store each, which may be killed and started again. */
async function both(sending: object, receiving: object) {
  const address = `127.0.0.1:${await freePort()}`
  const stores = [memoryStore(), memoryStore()] as const
  const source = feed<string>()
  const file = memoryFile()
  const letters: DeadLetter[] = []
  return {
    source,
    file,
    letters,
    send: () => {
      const sink = tcpSink({ connect: address, acknowledged: true, stream: 's', backoff, tls: sending })
      return startKillable({ store: stores[0], pipelines: { pipeline: source.source.pipe(toSink<string>(sink)) } })
    },
    receive: async () => {
      const listening = tcpSource({ listen: address, acknowledged: true, tls: receiving })
      const app = await startKillable({
        store: stores[1],
        pipelines: { pipeline: listening.pipe(decode(utf8), toSink(file.sink)) },
        deadLetters: (letter) => void letters.push(letter),
      })
      await app.opened
      return app
    },
  }
}

test('acknowledged TCP goes over TLS: both sides are killed, and each message comes once', async () => {
  const receiving = { ...certificates.server, ...certificates.authority, requestCert: true }
  const { source, file, send, receive } = await both({ ...certificates.authority, ...certificates.client }, receiving)
  let sender = await send()
  let receiver = await receive()
  let expected = ''
  for (let life = 0; life < 6; life++) {
    for (let n = 0; n < 20; n++) {
      source.push(`${life}.${n};`)
      expected += `${life}.${n};`
    }
    await eventually(() => file.text.length >= expected.length)
    if (life % 2 === 0) await receiver.checkpoint()
    if (life % 3 === 0) await sender.checkpoint()
    await sender.kill()
    sender = await send()
    await receiver.kill()
    receiver = await receive()
  }
  await eventually(() => file.text === expected)
  await sender.close()
  await receiver.close()
  expect(file.text).toBe(expected)
})

test('a sender that does not trust the receiver waits, and says why; the receiver reports it', async () => {
  const { source, file, letters, send, receive } = await both(certificates.otherAuthority, certificates.server)
  const sender = await send()
  await receive()
  source.push('secret')
  await eventually(() => letters.length > 0)
  expect(letters[0]!.error.code).toBe('CONNECTION_FAILED')
  await eventually(() => sender.log.some((line) => /cannot connect: .*certificate/.test(line)))
  expect(file.text).toBe('')
})
