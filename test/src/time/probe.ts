import type { Step } from '../../../src/step/step.ts'
import { createStepTime, type StepTime } from '../../../src/time/stepTime.ts'

/** What a step saw: a message, or that it was woken. */
export interface Seen<Message> {
  readonly message?: Message
  readonly time?: number
  readonly now: number
}

/** A step that lives by time, notes what time it is, and passes messages on. */
export function probeStep<Message>(seen: Seen<Message>[], wakeAt = -Infinity): Step<Message, Message> {
  return {
    name: 'probe',
    start(output, context) {
      const time: StepTime = createStepTime(
        context,
        () => {
          seen.push({ now: time.now() })
          time.wakeAt(Infinity)
        },
        { partition: 'probe' },
      )
      return {
        next(message) {
          seen.push({ message, time: time.time(), now: time.now() })
          time.wakeAt(wakeAt)
          output.next(message)
        },
        upstream: time.upstream,
        finalize() {
          time.end()
        },
      }
    },
  }
}
