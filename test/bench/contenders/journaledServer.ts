import { join } from 'node:path'
import { journaled, lengthPrefixed, lmdbStore, run, tcpSink, tcpSource } from 'wallarx'
import { splitAndCount } from '../../../examples/01-word-count/wordCount.ts'
import { createScratch } from '../scratch.ts'

/** `oursServer` with a journal behind the source and a store. */
export async function journaledServer(receiver: number, sync: 'process' | 'machine'): Promise<number> {
  const directory = createScratch()
  let port = 0
  const frames = tcpSource({
    listen: '127.0.0.1:0',
    framing: lengthPrefixed(4),
    onListening: (address) => (port = address.port),
  })
  const texts = journaled(frames, { directory: join(directory, 'journal'), sync })
  await run({
    name: 'Word Count Application',
    pipelines: { 'Split and Count': splitAndCount(texts, [tcpSink({ connect: `127.0.0.1:${receiver}` })]) },
    store: lmdbStore(join(directory, 'store')),
    log: false,
  })
  return port
}
