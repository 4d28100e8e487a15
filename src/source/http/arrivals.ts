import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WallarxError, Where } from '../../base/errors.ts'
import { handOver } from '../../context/time/handOver.ts'
import { atOnce, type SourceSubscription } from '../source.ts'
import type { Bodies } from './bodies.ts'
import { createCutter } from './cutter.ts'
import type { Arrival, Intake } from './intake.ts'
import type { HttpSourceSettings } from './options.ts'
import { held, type Refusal, type RefusalCode } from '../../network/http/refusal.ts'

export interface ArrivalsParts {
  readonly bodies: Bodies
  readonly intake: Intake
  /** It is taken, as so many frames, and where there is a journal it is in that. */
  readonly accept: (request: IncomingMessage, response: ServerResponse, frames: number) => void
  readonly refuse: (request: IncomingMessage, response: ServerResponse, refusal: Refusal) => void
  readonly reject: (error: WallarxError, input?: Uint8Array) => void
}

/** Has bodies that have come whole handed over in their turn. */
export function createArrivals(
  settings: HttpSourceSettings,
  subscription: SourceSubscription<Buffer>,
  { bodies, intake, accept, refuse, reject }: ArrivalsParts,
): (request: IncomingMessage, response: ServerResponse, bytes: Buffer, where: Where) => void {
  const { output, context, origin, meter, whenKept = atOnce } = subscription
  const { count, emit } = createCutter(settings, output)

  return (request, response, bytes, where) => {
    let frames = 0
    try {
      frames = count(bytes, where)
    } catch (thrown) {
      const error = thrown as WallarxError
      bodies.release(bytes)
      refuse(request, response, { code: error.code as RefusalCode, message: error.message })
      reject(error, bytes)
      return
    }
    let waits = true
    const stopWaiting = (): void => {
      waits = false
      bodies.release(bytes)
    }
    const arrival: Arrival = {
      pass() {
        stopWaiting()
        meter?.taken(bytes.length)
        handOver(context, origin, emit, bytes)
        meter?.handedOver()
        whenKept(() => {
          accept(request, response, frames)
        })
      },
      giveUp() {
        stopWaiting()
        refuse(request, response, held)
      },
    }
    response.once('close', () => {
      if (!waits) return
      intake.withdraw(arrival) // who has asked is gone without an answer: it is not taken
      stopWaiting()
    })
    intake.offer(arrival)
  }
}
