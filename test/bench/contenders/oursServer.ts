import { lengthPrefixed, run, tcpSink, tcpSource, type Running, type RunOptions } from 'wallarx'
import { splitAndCount } from '../../../examples/01-word-count/wordCount.ts'

/** The word-count example between two sockets. */
export const oursServer = async (receiver: number): Promise<number> => (await startOurs(receiver, {})).port

/** The same with a page of the run, and where that is. */
export async function shownServer(receiver: number): Promise<{ readonly port: number; readonly page: string }> {
  const { app, port } = await startOurs(receiver, { monitor: { listen: 0 }, log: false })
  return { port, page: app.monitor!.url }
}

async function startOurs(
  receiver: number,
  options: Partial<RunOptions>,
): Promise<{ readonly app: Running; readonly port: number }> {
  let port = 0
  const texts = tcpSource({
    listen: '127.0.0.1:0',
    framing: lengthPrefixed(4),
    onListening: (address) => (port = address.port),
  })
  const pipelines = { 'Split and Count': splitAndCount(texts, [tcpSink({ connect: `127.0.0.1:${receiver}` })]) }
  const app = await run({ name: 'Word Count Application', pipelines, ...options })
  return { app, port }
}
