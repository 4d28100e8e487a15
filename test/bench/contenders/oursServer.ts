import { lengthPrefixed, run, tcpSink, tcpSource } from 'wallarx'
import { splitAndCount } from '../../../examples/01-word-count/wordCount.ts'

/** The word-count example between two sockets. */
export async function oursServer(receiver: number): Promise<number> {
  let port = 0
  const texts = tcpSource({
    listen: '127.0.0.1:0',
    framing: lengthPrefixed(4),
    onListening: (address) => (port = address.port),
  })
  const pipelines = { 'Split and Count': splitAndCount(texts, [tcpSink({ connect: `127.0.0.1:${receiver}` })]) }
  await run({ name: 'Word Count Application', pipelines })
  return port
}
