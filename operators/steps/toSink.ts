import type { StepMeter } from '../../src/context/meter.ts'
import type { Context } from '../../src/context/context.ts'
import type { SinkDelivery, SinkEntry, Transactions } from '../../src/context/endpoint.ts'
import { failureOf } from '../../src/base/errors.ts'
import { invalidOption } from '../../src/base/option.ts'
import { shown } from '../../src/base/shown.ts'
import type { Output } from '../../src/step/output.ts'
import type { Sink, SinkWriter } from '../../src/sink/sink.ts'
import type { Operation, Step } from '../../src/step/step.ts'

/** What `toSink` does. */
export function toSinkStep<Message>(sinks: Sink<Message> | readonly Sink<Message>[]): Step<Message, never> {
  const all = Array.isArray(sinks) ? (sinks as readonly Sink<Message>[]) : [sinks as Sink<Message>]
  if (all.length === 0) throw invalidOption('sinks', 'at least one sink', sinks)
  for (const sink of all) {
    if (typeof (sink as Partial<Sink<Message>> | undefined)?.open !== 'function') {
      throw invalidOption('sink', 'a sink with the method open', sink)
    }
  }
  const name = all.map((sink) => sink.name).join(', ')
  const start = (
    output: Output<never>,
    { pipeline, backPressure: { holds }, report, endpoints, shutdown: { stopping } }: Context,
    meter?: StepMeter,
  ): Operation<Message> => {
    const where = { pipeline, sink: name }
    const writers: SinkWriter<Message>[] = []
    const entries: SinkEntry[] = []
    let closing = false // nothing is written any more

    const abort = (): void => {
      for (const writer of writers) writer.abort()
    }
    const fail = (error: unknown): void => {
      closing = true
      abort()
      output.error(error)
    }
    const close = (then: () => void, failure?: { readonly error: unknown }): void => {
      if (closing) return
      closing = true
      // An observer may throw at its end, and is then called from `close` itself: `async` makes a rejection of that.
      Promise.all(
        writers.map(async (writer, at) => {
          const position = await writer.close(failure)
          if (typeof position === 'number') entries[at]!.closed(position, writer.fingerprint?.())
          else entries[at]!.closed(undefined)
        }),
      ).then(then, fail)
    }
    const complete = (): void => {
      close(() => {
        output.complete()
      })
    }

    try {
      for (const [at, sink] of all.entries()) {
        const entry = endpoints.addSink(sink.name, deliveryOf(sink, endpoints.transactions))
        const { restored, fingerprint, kept } = entry
        const writer = sink.open({
          transactions: endpoints.transactions,
          holds,
          meter: meter?.sinks[at],
          reject: (error, message) => report.reject(error.at(where), message),
          restored,
          fingerprint,
          kept,
          pipeline,
          stopping,
          warn(event, code = 'WARNING') {
            report.warn(event, code, { sink: sink.name })
          },
          fail,
        })
        writers.push(writer)
        entries.push(entry)
        entry.flushWith(
          () => writer.flush?.() ?? Promise.resolve(undefined),
          () => writer.fingerprint?.(),
        )
      }
    } catch (error) {
      abort()
      throw error
    }
    /** A message that cannot be written is a dead letter, where it is the message's fault. */
    const refused = (thrown: unknown, message: Message): void => {
      const error = failureOf('SINK_FAILED', `the sink to take ${shown(message)}`, thrown, where)
      const isOfMessage = error.kind === 'bad input' || error.kind === 'user code'
      if (!isOfMessage || !report.reject(error, message)) fail(error)
    }
    const next = (message: Message): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      for (let at = 0; at < writers.length && !closing; at++) {
        try {
          writers[at]!.write(message)
        } catch (thrown) {
          refused(thrown, message)
        }
      }
    }
    return {
      next,
      complete,
      error(error) {
        report.failing()
        close(
          () => {
            output.error(error)
          },
          { error },
        )
      },
      finalize: abort,
      acceptsText: all.every((sink) => sink.acceptsText === true),
    }
  }
  return { name, operator: 'toSink', sinks: all, start, asynchronous: true }
}

function deliveryOf({ delivery = 'at least once' }: Sink<never>, transactions: Transactions | undefined): SinkDelivery {
  return typeof delivery === 'function' ? delivery(transactions) : delivery
}
