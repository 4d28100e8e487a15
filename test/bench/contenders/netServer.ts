import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import { gatherLength } from './contender.ts'
import { createFrameParser } from './frameParser.ts'
import { byLetter } from './workload.ts'

const host = '127.0.0.1'
const highWaterMark = 1024 * 1024

/** The word count as a hand-written server: reads in place, writes large pieces, pauses senders while 1 MiB waits. */
export async function netServer(receiver: number): Promise<number> {
  const entityOf = byLetter.createEntityOf()
  const senders = new Set<Socket>()
  const out = connect({ host, port: receiver, noDelay: true })
  await once(out, 'connect')
  out.on('drain', () => {
    for (const sender of senders) sender.resume()
  })

  const server = createServer({ noDelay: true }, (sender) => {
    senders.add(sender)
    sender.on('close', () => senders.delete(sender))
    sender.on('error', (error) => console.error(error))

    let text = ''
    const flush = (): void => {
      if (text !== '') out.write(Buffer.from(text))
      text = ''
    }
    const parse = createFrameParser((bytes, start, end) => {
      const words = split(bytes.toString('utf8', start, end))
      for (let at = 0; at < words.length; at++) {
        const word = words[at]!
        const output = byLetter.compute(word, entityOf(word))[0]
        if (output === undefined) continue
        text += wordCountLine(output)
        if (text.length >= gatherLength) flush()
      }
    })
    sender.on('data', (chunk) => {
      try {
        parse(chunk)
      } catch (error) {
        sender.destroy(error as Error)
      }
      flush()
      if (out.writableLength >= highWaterMark) for (const each of senders) each.pause()
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
