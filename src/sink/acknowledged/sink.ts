import type { Socket } from 'node:net'
import { invalidOption, wholeNumber } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import { longestStreamName } from '../../acknowledged/wire.ts'
import { createBackoff } from '../backoff.ts'
import type { ByteSink } from '../sink.ts'
import type { TcpSinkOptions } from '../tcp.ts'
import { openAcknowledgedWriter } from './writer.ts'

const MiB = 1024 * 1024

/** `tcpSink` with `acknowledged: true`. Throws `OPTION_INVALID`. */
export function acknowledgedSink(name: string, options: TcpSinkOptions, connect: () => Socket): ByteSink {
  const { stream, send = 'at once', maxUnacknowledged = 64 * MiB, tls } = options
  if (options.highWaterMark !== undefined) {
    throw invalidOption(
      'highWaterMark',
      'absent with acknowledged: true (see maxUnacknowledged)',
      options.highWaterMark,
    )
  }
  wholeNumber('maxUnacknowledged', maxUnacknowledged, 1)
  const maxBuffered = wholeNumber('maxBuffered', options.maxBuffered ?? maxUnacknowledged + 64 * MiB, maxUnacknowledged)
  if (stream !== undefined) checkStream(stream)
  if ((send as unknown) !== 'at once' && (send as unknown) !== 'after checkpoint') {
    throw invalidOption('send', "'at once' or 'after checkpoint'", send)
  }
  return {
    name,
    kind: 'tcp',
    acceptsText: true,
    delivery: 'exactly once',
    open: (context) =>
      openAcknowledgedWriter(
        {
          name,
          stream: checkStream(stream ?? `${context.pipeline ?? ''}/${name}`),
          send,
          maxUnacknowledged,
          maxBuffered,
          backoff: createBackoff(options.backoff),
          connect,
          connected: tls === undefined ? 'connect' : 'secureConnect',
        },
        context,
      ),
  }
}

/** Throws `OPTION_INVALID` for what has no meaning without acknowledgements. */
export function checkUnacknowledged(options: TcpSinkOptions): void {
  for (const option of ['stream', 'send', 'maxUnacknowledged'] as const) {
    if (options[option] !== undefined) throw invalidOption(option, 'absent without acknowledged: true', options[option])
  }
}

function checkStream(stream: string): string {
  if (typeof stream === 'string' && stream !== '' && Buffer.byteLength(stream) <= longestStreamName) return stream
  throw invalidOption('stream', `a name of 1 to ${longestStreamName} bytes`, shown(stream))
}
