/** Events as pipelines get them: from a source for each origin, which ends when the events say so. */
import { testPipeline } from 'wallarx/testing'
import { merge, Subject, type Observable, type OperatorFunction } from 'rxjs'
import { fromObservable } from '../../../src/source/observable.ts'
import type { Event, Message } from '../../time/model.ts'

const originOf = ({ origin }: Message): string => origin ?? 'z'

/** The same without what an origin would say after its end, which nobody can. */
export function possible(events: readonly Event[]): Event[] {
  const ended = new Set<string>()
  return events.filter((event) => {
    if (!('end' in event)) return !ended.has(originOf(event))
    const isFirst = !ended.has(event.end)
    ended.add(event.end)
    return isFirst
  })
}

/** All outputs of a pipeline that gets these events, until its end. Throws what it fails with. */
export function playThrough<Out>(events: readonly Event[], operator: OperatorFunction<Message, Out>): Out[] {
  const { source, play } = origins(events)
  const outputs: Out[] = []
  let end: unknown
  source.pipe(operator).subscribe({
    next: (output) => outputs.push(output),
    error: (error: unknown) => (end = error),
    complete: () => (end = 'complete'),
  })
  play()
  if (end !== 'complete') throw end instanceof Error ? end : new Error('it has not completed')
  return outputs
}

/** A source for each origin, and how its messages come. */
function origins(events: readonly Event[]): { readonly source: Observable<Message>; readonly play: () => void } {
  const subjects = new Map(['x', 'y', 'z'].map((origin) => [origin, new Subject<Message>()]))
  return {
    source: merge(...[...subjects].map(([name, subject]) => fromObservable(subject, { name }))),
    play() {
      for (const event of events) {
        if ('end' in event) subjects.get(event.end)!.complete()
        else subjects.get(originOf(event))!.next(event)
      }
      for (const subject of subjects.values()) subject.complete()
    },
  }
}

/** The messages as those of one origin. */
export const ofOneOrigin = (events: readonly Event[]): Message[] =>
  events.flatMap((event) => ('end' in event ? [] : [{ ...event, origin: undefined }]))

/** What messages lead to that come one by one, with checkpoints and crashes behind some of them. */
export async function playWithCrashes<Out>(
  messages: readonly Message[],
  operator: () => OperatorFunction<Message, Out>,
  { crashes, checkpoints }: { readonly crashes: readonly number[]; readonly checkpoints: readonly number[] },
): Promise<readonly Out[]> {
  const driver = await testPipeline(operator(), { delivery: 'exactly once' })
  try {
    for (const [at, message] of messages.entries()) {
      driver.send(message)
      if (checkpoints.includes(at)) await driver.checkpoint()
      if (crashes.includes(at)) {
        await driver.crash()
        await driver.restart(operator())
      }
    }
    await driver.end()
    return driver.outputs()
  } finally {
    await driver.close()
  }
}
