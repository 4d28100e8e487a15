import { catchError, map, pipe, repeat, retry, take, timer, type Observable, type OperatorFunction } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { playOnCluster, simulateCluster, workersDoNotMatter, type ClusterEvent } from 'wallarx/testing'
import { account, notes, turning, type Note } from './programs.ts'

/** Throws at some messages, which do not depend on how they are divided. */
const throwing = <Message extends readonly [bigint, number, ...unknown[]]>() =>
  map((message: Message) => {
    if (message[1] === 2) throw new Error('two')
    return message
  })

const counting = () =>
  toStatePartition(
    ([account, page]: Note, state: { count: number }) => [[account, page, ++state.count] as const, true] as const,
    statePartition('accounts', { key: account, build: () => ({ count: 0 }) }),
  )

const shown = () => map(([account, page, count]: readonly [bigint, number, number]) => `${account}: ${page}, ${count}`)

/** Parts that are subscribed to again in the middle of what comes. */
const again: Readonly<Record<string, () => OperatorFunction<Note, string>>> = {
  'retry, of what throws before a state partition': () => pipe(throwing<Note>(), counting(), shown(), retry()),
  'retry, of what throws behind it': () =>
    pipe(counting(), throwing<readonly [bigint, number, number]>(), shown(), retry()),
  'retry after a while': () =>
    pipe(counting(), throwing<readonly [bigint, number, number]>(), retry({ delay: () => timer(30) }), shown()),
  'retry, with two steps on one state partition': () =>
    pipe(
      throwing<Note>(),
      turning(),
      map((text) => text),
      retry(),
    ),
  'catchError, with what it caught': () =>
    pipe(
      counting(),
      throwing<readonly [bigint, number, number]>(),
      shown(),
      catchError((_: unknown, caught: Observable<string>) => caught),
    ),
}

test.each(Object.entries(again))(
  '%s: it does not matter what happens to the workers',
  async (_, program) => {
    await workersDoNotMatter(program, { input: notes, key: account, runs: 20 })
  },
  120_000,
)

/** Parts that take some of what comes, and then begin anew. */
const inParts: Readonly<Record<string, () => OperatorFunction<Note, string>>> = {
  'before a state partition': () => pipe(take<Note>(2), repeat(), counting(), shown()),
  'behind it': () => pipe(counting(), take(3), repeat(), shown()),
  'behind it, after a while': () => pipe(counting(), take(3), repeat({ delay: 30 }), shown()),
}

test.each(Object.entries(inParts))('take and repeat %s: each message counts once, in order', async (_, program) => {
  const all = Array.from({ length: 60 }, (_, at): Note => [BigInt(at % 3), at])
  const events: ClusterEvent<Note>[] = [
    { disturbance: 'kill', worker: 0, call: 3 },
    { disturbance: 'pause', milliseconds: 1500 },
    { disturbance: 'freeze', worker: 0, call: 5, milliseconds: 1500 },
  ]
  const cluster = await simulateCluster(program, { key: account, sessionTimeout: 500 })
  onTestFinished(() => cluster.close())
  cluster.send(...all) // in chunks of many
  await playOnCluster(cluster, events)
  cluster.send(...all)
  await cluster.settle()
  const byAccount = cluster.outputsBy((line) => line.split(':')[0]!)
  for (const one of [0n, 1n, 2n]) {
    const own = [...all, ...all].filter(([account]) => account === one)
    expect(byAccount.get(`${one}`)).toEqual(own.map(([, page], at) => `${one}: ${page}, ${at + 1}`))
  }
})
