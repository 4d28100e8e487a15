import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WallarxError, Where } from '../../base/errors.ts'
import type { SourceSubscription } from '../source.ts'
import { peerOf } from '../../network/peer.ts'
import { createArrivals } from './arrivals.ts'
import { bodyTooLong, createBodies, notWhole, type Body } from './bodies.ts'
import { createIntake } from './intake.ts'
import { createOpenRequests } from './openRequests.ts'
import type { HttpSourceSettings } from './options.ts'
import { preflightHeaders, refusalOfHead, tooLong } from './head.ts'
import { answer, answerRefusal, busy, closing, held, type Refusal } from '../../network/http/refusal.ts'
import type { HttpServer } from '../../network/http/server.ts'

export type Reject = (error: WallarxError, input?: Uint8Array) => void

/** The requests that are being answered. */
export interface Exchanges {
  /** `expects`: it waits to be told before it sends its body. */
  begin(request: IncomingMessage, response: ServerResponse, expects: boolean): void
  /** Refuses those of which not all has come, and what comes from now on; ends connections when all are answered. */
  stop(): void
  /** Nothing is handed over, answered, or reported any more. */
  end(): void
}

export function createExchanges(
  settings: HttpSourceSettings,
  subscription: SourceSubscription<Buffer>,
  server: Pick<HttpServer, 'problemOf' | 'endConnections'>,
  reject: Reject,
): Exchanges {
  const { name, admission, maxBodyLength, maxConnections, holdTimeout } = settings
  const { context } = subscription
  const bodies = createBodies(settings)
  const intake = createIntake(context, holdTimeout)
  const requests = createOpenRequests(context.clock, () => endIfDone())
  /** Of which not all has come: what refuses each. */
  const arriving = new Set<() => void>()
  let isStopping = false
  let isOver = false

  const endIfDone = (): void => {
    if (isStopping && requests.count === 0) server.endConnections()
  }
  const headersFor = (request: IncomingMessage): Record<string, string> => {
    const asking = admission.originOf(request)
    return {
      ...(asking !== undefined && { 'Access-Control-Allow-Origin': asking, Vary: 'Origin' }),
      // One that is still being sent is thrown away first, or who sends it would not read the answer.
      ...(isStopping && request.complete && { Connection: 'close' }),
    }
  }
  const refuse = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    answerRefusal(response, refusal, headersFor(request))
  }
  const accept = (request: IncomingMessage, response: ServerResponse, frames: number): void => {
    if (!isOver) answer(response, 202, { frames }, headersFor(request))
  }
  const arrive = createArrivals(settings, subscription, { bodies, intake, accept, refuse, reject })

  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    const refusal = refusalOfHead(request, settings)
    if (refusal !== undefined) return refusal
    if (isStopping) return closing
    if (requests.count > maxConnections) return busy
    return intake.isShut ? held : undefined
  }
  const whereOf = ({ socket }: IncomingMessage): Where => ({
    pipeline: context.pipeline,
    source: name,
    connection: peerOf(socket),
  })

  const take = (request: IncomingMessage, response: ServerResponse, body: Body, where: Where): void => {
    if (body.how === 'whole') {
      arrive(request, response, body.bytes, where)
    } else if (body.how === 'too long') {
      refuse(request, response, tooLong(maxBodyLength))
      reject(bodyTooLong(maxBodyLength, where), body.bytes)
    } else if (body.how === 'no room') {
      refuse(request, response, busy)
    } else {
      reject(notWhole(request, body, server.problemOf(request.socket), settings, where), body.bytes)
    }
  }
  const read = (request: IncomingMessage, response: ServerResponse, where: Where): void => {
    const drop = bodies.read(request, (body) => {
      arriving.delete(refuseNow)
      if (!isOver) take(request, response, body, where)
    })
    const refuseNow = (): void => {
      drop()
      refuse(request, response, closing)
    }
    arriving.add(refuseNow)
  }

  return {
    begin(request, response, expects) {
      if (isOver) return
      requests.add(request, response)
      const notAdmitted = admission.refusalOf(request)
      if (notAdmitted === undefined && request.method === 'OPTIONS') {
        response.writeHead(204, { ...preflightHeaders, ...headersFor(request) }).end()
        return
      }
      const refusal = notAdmitted ?? refusalOf(request)
      const where = whereOf(request)
      if (refusal === undefined) {
        if (expects) response.writeContinue()
        read(request, response, where)
        return
      }
      refuse(request, response, refusal)
      if (refusal.code === 'FRAME_TOO_LONG') {
        reject(bodyTooLong(maxBodyLength, where, request.headers['content-length']))
      }
    },
    stop() {
      isStopping = true
      for (const refuseNow of arriving) refuseNow()
      arriving.clear()
      endIfDone()
    },
    end() {
      isOver = true
      intake.end()
    },
  }
}
