import type { IncomingMessage } from 'node:http'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import type { HttpSourceSettings } from './options.ts'

/** How the body of a request has ended; `bytes` are what came of it. */
export interface Body {
  readonly how: 'whole' | 'too long' | 'no room' | 'cut off'
  readonly bytes: Buffer
  /** Why it was cut off, where that is known. */
  readonly problem?: Error | undefined
}

export interface BodiesOptions {
  /** Bytes of one. */
  readonly maxBodyLength: number
  /** Bytes of all together. */
  readonly maxBuffered: number
}

/** The bodies that are arriving, or wait to be handed over. */
export interface Bodies {
  /**
   * Keeps what comes of one until it is whole, and calls `ended` once; of one that is too long, or for which there is
   * no room, the rest is thrown away as it comes. The result drops it: `ended` is not called any more.
   */
  read(request: IncomingMessage, ended: (body: Body) => void): () => void
  /** The room of a whole one is free again. */
  release(bytes: Buffer): void
}

export function createBodies({ maxBodyLength, maxBuffered }: BodiesOptions): Bodies {
  let buffered = 0
  return {
    read(request, ended) {
      let chunks: Buffer[] = []
      let length = 0
      let over = false
      let problem: Error | undefined

      const end = (how: Body['how']): void => {
        if (over) return
        over = true
        const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)
        chunks = []
        if (how !== 'whole') buffered -= length
        ended({ how, bytes, problem })
      }
      request.on('data', (chunk: Buffer) => {
        if (over) return
        if (length + chunk.length > maxBodyLength) end('too long')
        else if (buffered + chunk.length > maxBuffered) end('no room')
        else {
          chunks.push(chunk)
          length += chunk.length
          buffered += chunk.length
        }
      })
      request.once('end', () => end(request.complete ? 'whole' : 'cut off'))
      request.on('error', (error) => {
        problem = error
      })
      request.once('close', () => end('cut off'))
      return () => {
        if (over) return
        over = true
        buffered -= length
        chunks = []
      }
    },
    release({ length }) {
      buffered -= length
    },
  }
}

/** A body is longer than it may be; `length` as the request says it. */
export function bodyTooLong(maxBodyLength: number, where: Where, length?: string): WallarxError {
  return new WallarxError('FRAME_TOO_LONG', {
    expected: `a body of at most ${maxBodyLength} bytes (option maxBodyLength)`,
    got: length === undefined ? 'more' : `one of ${length}`,
    where,
  })
}

/** A request has not come whole. `ended`: why its connection was ended from here. */
export function notWhole(
  { headers }: IncomingMessage,
  { bytes, problem }: Body,
  ended: Error | undefined,
  { requestTimeout }: HttpSourceSettings,
  where: Where,
): WallarxError {
  const cause: NodeJS.ErrnoException | undefined = ended ?? problem
  const isLate = cause?.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const length = headers['content-length']
  const come = length === undefined ? `${bytes.length} bytes of a body` : `${bytes.length} of ${length} bytes`
  return new WallarxError(isLate ? 'CONNECTION_IDLE' : 'CONNECTION_FAILED', {
    expected: isLate ? `a request within ${requestTimeout} ms (option requestTimeout)` : 'a request that comes whole',
    got: isLate || cause === undefined ? come : `${come}, then ${shown(cause)}`,
    where,
    cause,
  })
}
