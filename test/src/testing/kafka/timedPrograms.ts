import fc from 'fast-check'
import { filter, pipe, share, type Observable, type OperatorFunction } from 'rxjs'
import { statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, joinWithin, to, toState, toStatePartition, toWindows } from 'wallarx/operators'

/** A page of an account, with its time. */
export type Event = readonly [account: bigint, at: number, page: number]

export const accountOf = ([account]: readonly [bigint, ...unknown[]]): bigint => account

const accounts = [0n, 1n, 2n, 3n]
/** How much earlier than the latest one an event may be. */
export const outOfOrder = 20
/** Later than all that counts: the last event of each account. What is open then stays open on a cluster. */
export const end = 1_000_000

/** Events of four accounts, in about the order of their times; nothing is late. */
export const events: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record({ account: fc.constantFrom(...accounts), step: fc.nat(30), back: fc.nat(outOfOrder), page: fc.nat(3) }),
    { maxLength: 25 },
  )
  .map((all) => {
    let now = 0
    const made = all.map(({ account, step, back, page }): Event => {
      now += step
      return [account, Math.max(0, now - back), page]
    })
    return [...made, ...accounts.map((account): Event => [account, end, 0])]
  })

/**
 * In ms of virtual time: by then all timers have fired that are set by arrival, also where their shard is given from
 * one worker to another meanwhile. That takes some sessions where one after the other is disturbed.
 */
export const rest = 20_000

const read = () => eventTime(([, at]: Event) => at, { outOfOrder })

/** Pages of each account in windows of time. */
const windows = () =>
  pipe(
    read(),
    toWindows(
      {
        add([account, , page]: Event, state: { account: bigint; pages: number[] }) {
          state.account = account
          state.pages.push(page)
        },
        close: ({ account, pages }, { start }) =>
          start < end - 100 ? `${account}: ${pages.join()} from ${start}` : undefined,
      },
      windowed('pages per 50', {
        key: accountOf,
        window: tumbling({ size: 50 }),
        build: (): { account: bigint; pages: number[] } => ({ account: 0n, pages: [] }),
      }),
    ),
  )

/** A timer for each event, by arrival; what is set is in the state. */
const timers = () =>
  toStatePartition(
    {
      compute([account]: Event, state: { account: bigint; count: number; fired: number }, timers) {
        state.account = account
        timers.set(++state.count, timers.now + 5)
        return [undefined, true]
      },
      onTimer(name, _at, state) {
        return [`${state.account}: ${name}, fired ${++state.fired}`, true]
      },
    },
    statePartition('timers', { key: accountOf, build: () => ({ account: 0n, count: 0, fired: 0 }) }),
  )

/** Windows behind a step without timers, and windows of what those give. */
const windowsOfWindows = () =>
  pipe(
    read(),
    toStatePartition(
      ([account, at, page]: Event, state: { count: number }) => [
        [account, at, page + 10 * ++state.count] as const,
        true,
      ],
      statePartition('counts', { key: accountOf, build: () => ({ count: 0 }) }),
    ),
    toWindows(
      {
        add([account, , page]: Event, state: { account: bigint; sum: number }) {
          state.account = account
          state.sum += page
        },
        close: ({ account, sum }, { start }) => [account, start, sum] as const,
      },
      windowed('sums per 20', {
        key: accountOf,
        window: tumbling({ size: 20 }),
        build: () => ({ account: 0n, sum: 0 }),
      }),
    ),
    toWindows(
      {
        add([account, , sum]: Event, state: { account: bigint; sums: number[] }) {
          state.account = account
          state.sums.push(sum)
        },
        close: ({ account, sums }, { start }) =>
          start < end - 200 ? `${account}: ${sums.join()} from ${start}` : undefined,
      },
      windowed('sums per 60', {
        key: accountOf,
        window: tumbling({ size: 60 }),
        build: (): { account: bigint; sums: number[] } => ({ account: 0n, sums: [] }),
      }),
    ),
  )

/** Pages 0 and 1 are joined with pages 2 and 3 of the same account that come soon after. */
const joinedBy = (key: (event: Event) => bigint, unmatched: boolean) => () => (source: Observable<Event>) => {
  const all = source.pipe(share())
  const side = { key, at: ([, at]: Event) => at }
  return all.pipe(
    filter(([, at, page]) => page < 2 || at === end),
    joinWithin(all.pipe(filter(([, at, page]) => page >= 2 || at === end)), {
      name: 'pairs',
      left: side,
      right: side,
      before: 5,
      after: 30,
      outOfOrder,
      unmatched: unmatched as true, // the same function does for both
      combine: ([account, at, page]: Event, other: Event | undefined): string | undefined =>
        at < end ? `${account}: ${at} ${page}, ${other?.slice(1).join(' ') ?? 'alone'}` : undefined,
    }),
  )
}

/** Nothing has come for a while: it matters between which messages a timer fires. */
const silence = () =>
  pipe(
    read(),
    toState(
      {
        compute([account, at]: Event, state: { count: number }, timers) {
          timers.set('silence', at + 25)
          return [`${account} at ${at}: ${++state.count}`, true]
        },
        onTimer(_name, at, state) {
          const { count } = state
          state.count = 0
          return [at < end ? `silence at ${at}, after ${count}` : undefined, true]
        },
      },
      statePartition('silence', { build: () => ({ count: 0 }) }),
    ),
  )

const expiring = () =>
  pipe(
    read(),
    toState(
      {
        compute: ([account, at]: Event, state: { count: number }) => [`${account} at ${at}: ${++state.count}`, true],
        onExpire: ({ count }) => `gone after ${count}`,
      },
      statePartition('expiring', { build: () => ({ count: 0 }), expireAfter: 40 }),
    ),
    filter((text) => text !== 'gone after 4'),
  )

/** Asynchronous steps before and with timers. */
const asynchronous = () =>
  pipe(
    read(),
    to(async (event: Event) => Promise.resolve(event), { concurrency: 3 }),
    toStatePartition(
      {
        async compute([account, at]: Event, state: { account: bigint; count: number }, timers) {
          state.account = account
          await Promise.resolve()
          timers.set(++state.count, at + 40)
          return [undefined, true]
        },
        onTimer: (name, at, { account }) =>
          Promise.resolve([at < end ? `${account}: ${name} at ${at}` : undefined, true]),
      },
      statePartition('later', { key: accountOf, build: () => ({ account: 0n, count: 0 }) }),
      { concurrency: 2 },
    ),
  )

/** What must be the same for each account. */
export const timedPrograms: Readonly<Record<string, () => OperatorFunction<Event, string>>> = {
  windows,
  timers,
  windowsOfWindows,
  joined: joinedBy(accountOf, false),
  asynchronous,
}

/** What must be the same in all: all events are of one origin. */
export const inOneOrder: typeof timedPrograms = {
  silence,
  expiring,
  unmatched: joinedBy(() => 0n, true),
}
