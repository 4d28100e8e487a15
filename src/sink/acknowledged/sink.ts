import type { Socket } from 'node:net'
import { invalidOption, wholeNumber, type OptionNames } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import { longestStreamName } from '../../acknowledged/wire.ts'
import type { BacklogOptions } from '../backlog.ts'
import { createBackoff, type BackoffOptions } from '../../network/backoff.ts'
import type { ByteSink } from '../sink.ts'
import { openAcknowledgedWriter } from './writer.ts'

/** How `tcpSink` is acknowledged, if it is. */
export interface AcknowledgedSinkOptions {
  /**
   * Exactly once, to a `tcpSource` that acknowledges, or what else speaks docs/acknowledged-tcp.md: keeps each message
   * until the receiver has it durably. Needs a `run` with a store. Default: `false`
   */
  readonly acknowledged?: boolean
  /** Acknowledged: the name by which the receiver knows what comes from here. Default: `PIPELINE/NAME` */
  readonly stream?: string
  /**
   * Acknowledged: when a message is sent. `'at once'` is for a pipeline that makes the same again after a crash
   * (`STREAM_REPLAY_DIFFERS` where it does not); with `'after checkpoint'` it waits for the next checkpoint, and any
   * pipeline will do. Default: `'at once'`
   */
  readonly send?: 'at once' | 'after checkpoint'
  /**
   * Acknowledged: bytes that are not acknowledged at which the sources are held; they are released at half of it. Kept
   * in memory and in checkpoints. Stands in place of `highWaterMark`. Default: 64 MiB
   */
  readonly maxUnacknowledged?: number
}

/** The names of these options. */
export const acknowledgedOptions: OptionNames<AcknowledgedSinkOptions> = {
  acknowledged: true,
  stream: true,
  send: true,
  maxUnacknowledged: true,
}

interface Options extends AcknowledgedSinkOptions, BacklogOptions {
  readonly tls?: unknown
  readonly backoff?: BackoffOptions
}

const MiB = 1024 * 1024

/** `tcpSink` with `acknowledged: true`. Throws `OPTION_INVALID`. */
export function acknowledgedSink(name: string, options: Options, connect: () => Socket): ByteSink {
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
export function checkUnacknowledged(options: AcknowledgedSinkOptions): void {
  for (const option of ['stream', 'send', 'maxUnacknowledged'] as const) {
    if (options[option] !== undefined) throw invalidOption(option, 'absent without acknowledged: true', options[option])
  }
}

function checkStream(stream: string): string {
  if (typeof stream === 'string' && stream !== '' && Buffer.byteLength(stream) <= longestStreamName) return stream
  throw invalidOption('stream', `a name of 1 to ${longestStreamName} bytes`, shown(stream))
}
