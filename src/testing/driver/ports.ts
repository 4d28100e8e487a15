import { Observable } from 'rxjs'
import { invalidOption } from '../../base/option.ts'
import type { SinkDelivery } from '../../context/endpoint.ts'
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
}

export function createPorts({ framing, maxFrameLength, delivery, clock, drive, checkSendable }: PortsOptions): Ports {
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
  return { input, output, port }
}
