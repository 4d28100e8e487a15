import { Observable, type MonoTypeOperatorFunction } from 'rxjs'
import { invalidOption } from '../../base/option.ts'
import { currentContext, within } from '../../context/context.ts'
import type { SinkDelivery } from '../../context/endpoint.ts'
import { UpstreamClocks } from '../../context/time/upstreamClocks.ts'
import type { Framing } from '../../framing/framing.ts'
import type { Drive } from './drive.ts'
import type { PipelinePort } from './driver.ts'
import { createInputPort, type InputPort } from './inputPort.ts'
import { createOutputPort, type OutputPort } from './outputPort.ts'
import type { VirtualClock } from './virtualClock.ts'

/** The two ends of a pipeline, and what a test does to them. */
export interface Ports {
  readonly input: InputPort
  readonly output: OutputPort
  /** Stands in front of the sink and changes nothing: sees the watermark there. */
  readonly seeTime: MonoTypeOperatorFunction<unknown>
  readonly port: PipelinePort<never, unknown>
}

export interface PortsOptions {
  readonly framing: Framing | undefined
  readonly maxFrameLength: number | undefined
  readonly delivery: SinkDelivery
  readonly clock: VirtualClock
  readonly drive: Drive
  /** Throws where nothing can be sent any more. */
  readonly checkSendable: () => void
  /** Throws where none runs. */
  readonly checkRunning: () => void
}

export function createPorts(options: PortsOptions): Ports {
  const { framing, maxFrameLength, delivery, clock, drive, checkSendable, checkRunning } = options
  const input = createInputPort(framing, maxFrameLength)
  const output = createOutputPort(delivery)
  const feed = (items: readonly unknown[]): void => {
    checkSendable()
    drive.atOnce(() => {
      input.send(items)
    })
  }
  const end = (failure?: { readonly error: unknown }): void => {
    clock.within(() => {
      input.end(failure)
    })
  }
  let watermark = (): number => -Infinity // of the pipeline that was started last
  const seeTime: Ports['seeTime'] = (source) =>
    new Observable((subscriber) => {
      const context = currentContext()!
      const { pipeline, clocks: outer } = context.time
      const seen = new UpstreamClocks(context, undefined, outer)
      const sleeper = { look: () => void seen.watermark(), turn: undefined }
      pipeline.addSleeper(sleeper, false)
      subscriber.add(() => {
        pipeline.removeSleeper(sleeper)
      })
      watermark = () => {
        const isOver = output.completed && !context.shutdown.stopping.aborted && seen.clocks.length > 0
        return isOver ? Infinity : seen.watermark()
      }
      within(seen.context, () => source.subscribe(subscriber))
    })
  const port: PipelinePort<never, unknown> = {
    send(...messages) {
      if (framing !== undefined) {
        throw invalidOption('the argument of send', 'given to sendBytes: the driver has a framing', messages[0])
      }
      feed(messages)
    },
    sendBytes(...chunks) {
      if (framing === undefined) throw invalidOption('framing', 'how bytes are cut into frames', framing)
      feed(chunks.map((chunk) => Buffer.from(chunk)))
    },
    framed: framing !== undefined,
    fail(error) {
      end({ error })
    },
    get waiting() {
      return input.waiting
    },
    outputs: () => [...output.taken],
    takenBack: () => [...output.takenBack],
    read: () => output.read(),
    through: (messages) =>
      new Observable((subscriber) => {
        subscriber.add(output.outputs.subscribe(subscriber))
        subscriber.add(
          messages.subscribe({
            next: (message) => {
              clock.within(() => {
                input.send([message])
              })
            },
            error: (error: unknown) => {
              end({ error })
            },
            complete: () => {
              end()
            },
          }),
        )
      }),
    watermark() {
      checkRunning()
      const now = watermark()
      return now === -Infinity ? undefined : now
    },
    sink: {
      slow: output.slow,
      lose: output.lose,
      resume: () => {
        drive.atOnce(output.resume)
      },
      fail: (error) => {
        clock.within(() => {
          output.fail(error)
        })
      },
    },
  }
  return { input, output, seeTime, port }
}
