import type { OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  counted,
  session,
  sliding,
  statePartition,
  tumbling,
  windowed,
  type Serde,
  type WindowDefinition,
} from 'wallarx'
import { eventTime, toStatePartition, toWindows } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'

interface More {
  readonly version?: number
  readonly migrate?: (state: unknown) => number
  readonly merges?: boolean
  readonly serde?: Serde<number>
}

function sums(window: WindowDefinition, { merges = true, ...more }: More = {}): OperatorFunction<number, string> {
  const add = (n: number, sum: number): number => sum + n
  const merge = merges ? add : undefined
  const close = (sum: number, { start, end }: { start: number; end: number }): string => `[${start}, ${end}) ${sum}`
  const partition = windowed('sums', { key: () => 0, window, build: () => 0, ...more })
  const aggregate = { add, close, ...(merge && { merge }) }
  return (source) =>
    source.pipe(
      eventTime((n) => n),
      toWindows(aggregate, partition),
    )
}

/** What a program with the second one says when it starts over the store of the first one, which has an open window. */
async function startAfter(
  first: OperatorFunction<number, unknown>,
  second: OperatorFunction<number, unknown>,
  messages = [3],
): Promise<unknown> {
  const driver = await testPipeline(first)
  try {
    driver.send(...messages)
    await driver.checkpoint()
    await driver.restart(second)
    await driver.end()
    return driver.outputs()
  } catch (error) {
    return error
  } finally {
    await driver.close()
  }
}

const ten = tumbling({ size: 10 })

describe('a program that has other windows than the store', () => {
  test.each<[string, OperatorFunction<number, unknown>, string, string]>([
    [
      'another size',
      sums(tumbling({ size: 20 })),
      'tumbling windows of 10 ms, as the store has it',
      'tumbling windows of 20 ms',
    ],
    ['another offset', sums(tumbling({ size: 10, offset: 5 })), '10 ms', 'shifted by 5 ms'],
    ['another kind', sums(session({ gap: 10 })), '10 ms', 'sessions with gaps of 10 ms'],
    ['windows by count', sums(counted({ size: 10 })), 'another name for it', 'windows of 10 messages'],
    ['panes', sums(sliding({ size: 10, every: 5 })), '10 ms', 'every 5 ms in panes of 5 ms'],
    [
      'no windows',
      toStatePartition(() => [undefined, true], statePartition('sums', { key: () => 0, build: () => 0 })),
      'another name for it',
      'no windows',
    ],
  ])('does not start with %s', async (_, second, expected, got) => {
    const error = await startAfter(sums(ten), second)
    expect(error).toMatchObject({ code: 'WINDOW_CHANGED', kind: 'misuse', where: { partition: 'sums' } })
    expect((error as Error).message).toContain(expected)
    expect((error as Error).message).toContain(got)
  })

  test('does not start when windows are put together in another way', async () => {
    const window = sliding({ size: 10, every: 5 })
    expect(await startAfter(sums(window, { merges: false }), sums(window))).toMatchObject({ code: 'WINDOW_CHANGED' })
  })

  test('starts when nothing is open', async () => {
    expect(await startAfter(sums(ten), sums(session({ gap: 5 })), [])).toEqual([])
  })

  test('starts with a higher version and a migration, by which what is open closes as it was', async () => {
    const migrate = (state: unknown): number => 100 * (state as number)
    expect(await startAfter(sums(ten), sums(tumbling({ size: 20 }), { version: 2, migrate }))).toEqual(['[0, 10) 300'])
    expect(await startAfter(sums(session({ gap: 5 })), sums(ten, { version: 2, migrate }), [1, 4])).toEqual([
      '[1, 9) 500',
    ])
  })
})

test('a serde of the user packs the state of each window', async () => {
  const serde: Serde<number> = {
    serialize: (state) => Buffer.from(String(state)),
    deserialize: (bytes) => Number(Buffer.from(bytes).toString()),
  }
  const windows = sums(sliding({ size: 10, every: 5 }), { serde })
  expect(await startAfter(windows, sums(sliding({ size: 10, every: 5 }), { serde }), [3, 7])).toEqual([
    '[-5, 5) 3',
    '[0, 10) 10',
    '[5, 15) 7',
  ])
})
