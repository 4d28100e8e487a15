import { merge, of, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromObservable, lengthPrefixed, statePartition, tcpSource } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { collect, runForTest } from '../../support/pipelines.ts'

const framing = lengthPrefixed(4)

describe('status', () => {
  test('shows pipelines, their open sources, dead letters and holds, and the entities of partitions', async () => {
    const partition = statePartition('seen', { key: (n: number) => n, build: () => 0, keys: [1, 2, 3] })
    const sink = collect<unknown>()
    const { app } = await runForTest({
      name: 'status',
      pipelines: {
        tcp: merge(
          tcpSource({ listen: '127.0.0.1:0', framing, name: 'first' }),
          tcpSource({ listen: '127.0.0.1:0', framing, name: 'second' }),
        ).pipe(toSink<unknown>(sink)),
        numbers: fromObservable(new Subject<number>(), { name: 'numbers in' }).pipe(
          toStatePartition(() => [undefined, false], partition),
        ),
        done: of(1),
      },
    })
    const before = Date.now()
    const release = sink.holds.take('a test')
    const status = app.status()
    expect(status).toEqual({
      name: 'status',
      lifecycle: 'running',
      pipelines: {
        tcp: {
          lifecycle: 'running',
          deadLetters: 0,
          holds: [{ name: 'a test', since: expect.any(Number) }],
          sources: ['first', 'second'],
        },
        numbers: { lifecycle: 'running', deadLetters: 0, holds: [], sources: ['numbers in'] },
        done: { lifecycle: 'completed', deadLetters: 0, holds: [], sources: [] },
      },
      partitions: { seen: { entities: 3 } },
    })
    expect(status.pipelines.tcp!.holds[0]!.since).toBeGreaterThanOrEqual(before)
    expect(JSON.parse(JSON.stringify(status))).toEqual(status)
    release()
    expect(app.status().pipelines.tcp!.holds).toEqual([])
  })
})
