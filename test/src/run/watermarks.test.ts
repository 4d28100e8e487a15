import { Subject, merge } from 'rxjs'
import { expect, test } from 'vitest'
import { fromObservable, observerSink, run } from 'wallarx'
import { eventTime, toSink } from 'wallarx/operators'

test('status and metrics say how far event time is, and which origin holds it', async () => {
  const [fast, slow] = [new Subject<number>(), new Subject<number>()]
  const times = merge(fromObservable(fast, { name: 'fast' }), fromObservable(slow, { name: 'slow' })).pipe(
    eventTime((t) => t, { outOfOrder: 5, name: 'times' }),
    toSink(observerSink({})),
  )
  const other = fromObservable(new Subject<number>()).pipe(toSink(observerSink({})))
  const app = await run({ name: 'Times', pipelines: { times, other }, log: false, monitor: { listen: 0 } })
  expect(app.status().pipelines.times!.watermarks).toEqual([{ name: 'times' }])
  fast.next(90_000)
  slow.next(2005)
  expect(app.status().pipelines.times!.watermarks).toEqual([{ name: 'times', at: 89_995, heldBy: 'slow' }])
  slow.next(100_005)
  expect(app.status().pipelines).toMatchObject({
    times: { watermarks: [{ name: 'times', at: 89_995, heldBy: 'fast' }] },
  })
  expect(app.status().pipelines.other!.watermarks).toBeUndefined()
  const metrics = await fetch(new URL('/metrics', app.monitor!.url))
  expect(await metrics.text()).toMatch(/^wallarx_watermark_seconds\{[^}]*step="times"[^}]*\} 89\.995$/m)
  const status = await fetch(new URL('/status', app.monitor!.url))
  expect(await status.json()).toMatchObject({
    pipelines: expect.arrayContaining([
      expect.objectContaining({ name: 'times', watermarks: [{ name: 'times', at: 89_995, heldBy: 'fast' }] }),
    ]) as unknown,
  })
  await app.close()
})
