import { NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromObservable, memoryStore, statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { systemClock, type Clock } from '../../../src/base/clock.ts'
import type { Log } from '../../../src/base/log.ts'
import { createHolds } from '../../../src/context/backPressure.ts'
import { startApplication } from '../../../src/run/application.ts'
import { feed } from '../../support/durability.ts'
import { createWatch } from '../../support/watch.ts'

/** A clock that stands until it is moved. */
interface StandingClock extends Clock {
  /** Moves it, and calls what was to be called by then. */
  move(milliseconds: number): void
  /** What waits: after how many milliseconds from now. */
  readonly waiting: number[]
}

function standingClock(start: number): StandingClock {
  let now = start
  const timers = new Set<{ readonly at: number; readonly work: () => void }>()
  return {
    now: () => now,
    elapsed: () => now,
    after(milliseconds, work) {
      const timer = { at: now + milliseconds, work }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    move(milliseconds) {
      now += milliseconds
      for (const timer of timers) {
        if (timer.at <= now && timers.delete(timer)) timer.work()
      }
    },
    get waiting() {
      return [...timers].map(({ at }) => at - now)
    },
  }
}

const noon = Date.UTC(2026, 0, 1, 12)

function watchedLog(): {
  readonly log: Log
  readonly lines: string[]
  readonly until: (text: string) => Promise<void>
} {
  const watch = createWatch()
  const lines: string[] = []
  const line = (event: string): void => {
    lines.push(event)
    watch.changed()
  }
  return {
    log: { info: line, warn: line, error: line },
    lines,
    until: (text) => watch.until(() => lines.some((event) => event.includes(text))),
  }
}

describe('a clock that stands', () => {
  test('takes no checkpoint, and one when it has moved by the interval; the checkpoint bears its time', async () => {
    const clock = standingClock(noon)
    const store = memoryStore()
    const { log, lines, until } = watchedLog()
    const start = async (): Promise<ReturnType<typeof startApplication>> => {
      const opened = await store.open()
      const counts = statePartition('counts', { key: (n: number) => n, build: () => ({ count: 0 }) })
      return startApplication(
        {
          name: 'standing',
          pipelines: {
            pipeline: numbers.source.pipe(toStatePartition((_, state) => [++state.count, true], counts)),
          },
          store,
          handleSignals: false,
          checkpointInterval: 500,
        },
        { log, store: opened, clock },
      )
    }
    let numbers = feed<number>('numbers')
    const app = await start()
    expect(clock.waiting).toEqual([500])
    numbers.push(1)
    clock.move(499)
    expect(clock.waiting).toEqual([1])
    clock.move(1)
    await app.quiesce()
    await app.close()

    clock.move(90_000)
    numbers = feed<number>('numbers')
    const next = await start()
    await until('checkpoint 1 of')
    expect(lines.join('\n')).toMatch(/checkpoint 1 of 2026-01-01T12:00:00\.500Z, 90\.0 s ago/)
    await next.close()
  })

  test('gives a stop all the time there is, until it has moved by drainTimeout', async () => {
    const clock = standingClock(noon)
    const { log } = watchedLog()
    const pipeline = fromObservable(NEVER)
    const held = feed<number>('held')
    const app = startApplication(
      { name: 'draining', pipelines: { pipeline, held: held.source }, handleSignals: false, drainTimeout: 7000 },
      { log, store: undefined, clock },
    )
    app.close().catch(() => undefined)
    await app.closed // sources of ours end by themselves: nobody has to wait
    expect(clock.waiting).toEqual([])
  })

  test('says since when a hold is there', () => {
    const clock = standingClock(noon)
    const holds = createHolds(clock)
    holds.take('first')
    clock.move(250)
    holds.take('second')
    expect(holds.list()).toEqual([
      { name: 'first', since: noon },
      { name: 'second', since: noon + 250 },
    ])
  })
})

describe('the clock of the machine', () => {
  test('calls back once, and not what was taken back', async () => {
    let called = 0
    const cancel = systemClock.after(1, () => {
      called += 100
    })
    cancel()
    const before = systemClock.elapsed()
    await new Promise<void>((resolve) => {
      systemClock.after(5, () => {
        called++
        resolve()
      })
    })
    expect(called).toBe(1)
    expect(systemClock.elapsed()).toBeGreaterThan(before)
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000)
  })
})
