import { merge, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { eventTime } from '../../../operators/eventTime.ts'
import { toSink } from '../../../operators/toSink.ts'
import { fromObservable, memoryStore, observerSink, run, type Store } from '../../../src/index.ts'
import type { Running } from '../../../src/run/contract.ts'
import { operate } from '../../../src/step/operate.ts'
import { PipelineTime } from '../../../src/context/time/pipelineTime.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { EventClock } from '../../../src/time/eventClock.ts'
import type { KeptClock } from '../../../src/time/keptOrigins.ts'
import { probeStep, type Seen } from './probe.ts'

interface Life {
  readonly app: Running
  readonly left: Subject<number>
  readonly right: Subject<number>
  readonly seen: Seen<number>[]
}

/** Two origins behind one `eventTime`. */
async function begin(store: Store): Promise<Life> {
  const [left, right] = [new Subject<number>(), new Subject<number>()]
  const seen: Seen<number>[] = []
  const both = merge(fromObservable(left, { name: 'left' }), fromObservable(right, { name: 'right' }))
  const timed = both.pipe(
    eventTime((t) => t, { outOfOrder: 5 }),
    operate(probeStep(seen, Infinity)),
    toSink(observerSink({})),
  )
  const app = await run({ name: 'timed', pipelines: { timed }, store, log: false, handleSignals: false })
  return { app, left, right, seen }
}

describe('after a start', () => {
  test('the origins are as they were at the last checkpoint, and hold the watermark', async () => {
    const store = memoryStore()
    const first = await begin(store)
    first.left.next(100)
    first.right.next(50)
    await first.app.close()
    expect(first.seen.map(({ now }) => now)).toEqual([95, 95])

    const second = await begin(store)
    second.left.next(200)
    second.right.next(120)
    second.left.complete()
    second.right.next(300)
    await second.app.close()
    expect(second.seen.map(({ now }) => now)).toEqual([95, 115, 295])

    const third = await begin(store)
    third.left.next(400) // of `left` nothing was known any more: the other one holds
    third.right.complete()
    third.left.next(500)
    third.left.complete()
    await third.app.closed
    expect(third.seen.map(({ now }) => now)).toEqual([295, 495])
  })

  test('a stop moves no watermark', async () => {
    const store = memoryStore()
    const { app, left, right, seen } = await begin(store)
    left.next(100)
    right.next(99)
    left.next(1000)
    await app.close()
    expect(seen.map(({ now }) => now)).toEqual([95, 95, 95])
    const next = await begin(store)
    next.left.next(2000)
    await next.app.close()
    expect(next.seen.map(({ now }) => now)).toEqual([95])
  })

  test('connections are over when their source has opened, and what is of sources that are no more', async () => {
    const kept: KeptClock = {
      watermark: 3,
      origins: new Map(
        Object.entries({ 'tcp/1': 10, 'gone/2': 20, file: 30, 'kafka/t[0]': 40 }).map(([name, greatest]) => [
          name,
          { greatest },
        ]),
      ),
    }
    const pipeline = new PipelineTime()
    for (const source of ['tcp', 'file', 'kafka']) pipeline.sourceBegins(source)
    const keeping = { kept, changed: () => undefined }
    const clock = new EventClock({
      name: 'eventTime',
      pipeline,
      clock: systemClock,
      keeping,
      outOfOrder: 0,
      idleAfter: undefined,
      waits: false,
    })
    expect([clock.watermark, clock.holder]).toEqual([10, 'tcp/1'])
    pipeline.sourceOpened('tcp', true)
    expect([clock.watermark, clock.holder]).toEqual([20, 'gone/2'])
    clock.seen('kafka/t[0]', 41)
    pipeline.sourceOpened('file', false)
    pipeline.sourceOpened('kafka', false)
    await Promise.resolve()
    expect([clock.watermark, clock.holder]).toEqual([30, 'file'])
    expect([...kept.origins]).toEqual([
      ['file', { greatest: 30 }],
      ['kafka/t[0]', { greatest: 41 }],
    ])
    expect(kept.watermark).toBe(30)
  })

  test('a join waits for no side whose origins have all come and gone', () => {
    const begin = (watermark: number) => {
      const keeping = { kept: { watermark, origins: new Map() }, changed: () => undefined }
      const more = {
        pipeline: new PipelineTime(),
        clock: systemClock,
        outOfOrder: 0,
        idleAfter: undefined,
        waits: true,
      }
      return new EventClock({ name: 'eventTime', keeping, ...more })
    }
    expect(begin(-Infinity).live).toBe(true)
    expect(begin(50).live).toBe(false)
  })
})
