import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fromAsyncIterable, lmdbStore, run, statePartition, observerSink } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { printEntities } from '../../src/cli/state/entities.ts'
import { temporaryFolder } from '../support/files.ts'

test('the log of a start and the command say which timers there are', async () => {
  const directory = join(temporaryFolder(), 'store')
  const lines: string[] = []
  const log = { info: (line: string) => lines.push(line), warn: () => undefined, error: () => undefined }
  const start = async (keys: readonly number[]) => {
    const partition = statePartition('timed', { key: (key: number) => key, build: () => 0, expireAfter: 1e15 })
    const stop = new AbortController()
    async function* source() {
      yield* keys
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
    }
    const app = await run({
      name: 'Timed',
      store: lmdbStore(directory),
      log,
      pipelines: {
        timed: fromAsyncIterable(source()).pipe(
          toStatePartition(
            {
              compute: (key: number, _state: number, timers) => {
                timers.set('far', 8e15 + key)
                timers.set(7, 8e15)
                return [key, true]
              },
              onTimer: () => [0, false],
            },
            partition,
          ),
          toSink(observerSink({ next: () => undefined })),
        ),
      },
    })
    await app.checkpoint()
    const closed = app.close()
    stop.abort()
    await closed
  }
  await start([5])
  await start([])
  expect(lines.join('\n')).toContain(
    'state partition timed: timers at 3 times of entities, 0 of them past by the clock',
  )
  const written: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
    written.push(String(chunk))
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined
    done?.()
    return true
  })
  try {
    await printEntities(directory, { partition: 'timed', key: 5n, json: false })
  } finally {
    spy.mockRestore()
  }
  expect(written.join('')).toContain('timer 7 at +255479-11-28T14:13:20.000Z')
})
