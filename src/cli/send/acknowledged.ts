/* `wallarx send --acknowledged`: each line once, also over several starts. */

import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { delimited } from '../../framing/delimited.ts'
import { run } from '../../run/run.ts'
import { tcpSink } from '../../sink/tcp.ts'
import { fileSource } from '../../source/file/file.ts'
import { lmdbStore } from '../../store/lmdb/lmdbStore.ts'
import { messages, perSecond, seconds } from '../format.ts'
import { onInterrupt } from '../interruptible.ts'
import { createStatusLine } from '../statusLine.ts'
import { messageReader } from './lineReader.ts'
import type { AcknowledgedOptions, SendOptions } from './options.ts'

/** Resolves when all is acknowledged, or after an interrupt, to the exit code. */
export async function sendAcknowledged(options: SendOptions, { stream, state }: AcknowledgedOptions): Promise<number> {
  const { address, path } = options
  const interrupt = onInterrupt()
  const start = performance.now()
  const messageOf = messageReader(options)
  let read = 0
  const summary = (): string => {
    const time = performance.now() - start
    return `${messages(read)} in ${seconds(time)}, ${perSecond(read, time)}`
  }
  const status = createStatusLine(summary)
  const warn = (event: string): void => {
    status.print(`wallarx send: ${event}`)
  }
  const lines = fileSource({ path, name: 'lines', framing: delimited('\n', { unterminated: 'frame' }) }).pipe(
    to((text) => {
      const message = messageOf(text)
      if (message !== undefined) read++
      return message
    }),
    toSink(tcpSink({ connect: address, acknowledged: true, stream, name: 'receiver' })),
  )
  try {
    const app = await run({
      name: 'wallarx send',
      pipelines: { Send: lines },
      store: lmdbStore(state),
      guarantee: 'exactly-once',
      handleSignals: false,
      signal: interrupt.signal,
      log: { info: () => undefined, warn, error: warn },
    })
    await app.closed
    status.end()
    if (interrupt.signal.aborted) status.print(`stopped: ${summary()}; the same command goes on`)
    else status.print(`sent ${summary()}, all acknowledged`)
  } finally {
    status.end()
    interrupt.forget()
  }
  return interrupt.code
}
