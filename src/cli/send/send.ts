/* `wallarx send`: the lines of a file or of standard input as frames over TCP, no faster than they are taken. */

import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { fromEvent, lastValueFrom, repeat, takeUntil } from 'rxjs'
import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { formatAddress } from '../../base/address.ts'
import { delimited } from '../../framing/delimited.ts'
import { fileSource } from '../../source/file/file.ts'
import { bytes, messages, perSecond, seconds } from '../format.ts'
import type { Command } from '../command.ts'
import { onInterrupt } from '../interruptible.ts'
import { sendAcknowledged } from './acknowledged.ts'
import { connect } from './connect.ts'
import { connectionSink } from './connectionSink.ts'
import type { Sent } from './line.ts'
import { lineReader } from './lineReader.ts'
import { createSendMeasures } from './measures.ts'
import { help, parse, receiveCommand, type SendOptions } from './options.ts'
import { Failure, UsageError } from '../failure.ts'
import { createRateLimit } from './rateLimit.ts'
import { createStatusLine } from '../statusLine.ts'

/** `wallarx send` */
export const send: Command = {
  help,
  run(args) {
    const options = parse(args)
    return options.acknowledged === undefined ? sendLines(options) : sendAcknowledged(options, options.acknowledged)
  },
}

async function sendLines(options: SendOptions): Promise<number> {
  const { address, path, rate, repetitions } = options
  const size = path === '-' ? undefined : await sizeOf(path, repetitions)
  const interrupt = onInterrupt()
  const sent: Sent = { messages: 0, bytes: 0, inputBytes: 0 }
  let start = performance.now()
  const summary = (): string => {
    const time = performance.now() - start
    return `${messages(sent.messages)}, ${bytes(sent.bytes)} in ${seconds(time)}, ${perSecond(sent.messages, time)}`
  }
  const status = createStatusLine(() => {
    const share = size === undefined || repetitions === 0 ? NaN : sent.inputBytes / (size * repetitions)
    return Number.isNaN(share) ? summary() : `${Math.floor(100 * share)} %  ${summary()}`
  })
  try {
    const advice = `Start the application, or "${receiveCommand(options)}", or let it be waited for: --wait 10`
    const socket = await connect(address, { wait: options.wait, signal: interrupt.signal, advice })
    start = performance.now()
    if (path === '-' && process.stdin.isTTY) status.print('each line you type is a message; Ctrl-D ends')
    const rateLimit = rate === undefined ? undefined : createRateLimit(rate)
    const measures = createSendMeasures(options.stamp, rateLimit)
    const lines = fileSource({ path, framing: delimited('\n', { unterminated: 'frame' }) }).pipe(
      repeat(repetitions === 0 ? {} : { count: repetitions }),
      to(lineReader(options)),
      toSink(connectionSink({ socket, receiver: formatAddress(address), rateLimit, sent, measures })),
      takeUntil(fromEvent(interrupt.signal, 'abort')),
    )
    await lastValueFrom(lines, { defaultValue: undefined })
    if (interrupt.signal.aborted && !socket.closed) await once(socket, 'close')
    status.end()
    status.print(interrupt.signal.aborted ? `stopped: ${summary()}` : `sent ${summary()}`)
    for (const line of measures.lines()) status.print(line)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    status.end()
    status.print('stopped before anything was sent')
  } finally {
    status.end()
    interrupt.forget()
  }
  return interrupt.code
}

/**
 * How many bytes a file has; `undefined` where that is not known, as for a pipe. Throws `Failure` where it cannot be
 * read.
 */
async function sizeOf(path: string, repetitions: number): Promise<number | undefined> {
  const file = await stat(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(
      code === 'ENOENT' ? `there is no file "${path}". Check the path` : `cannot read "${path}": ${String(code)}`,
    )
  })
  if (file.isDirectory()) throw new Failure(`"${path}" is a directory. Name a file`)
  if (file.isFile()) return file.size
  if (repetitions !== 1) throw new UsageError(`--repeat needs a file that can be read again, not "${path}"`)
  return undefined
}
