import fc from 'fast-check'
import { pipe, type OperatorFunction } from 'rxjs'
import { statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, toStatePartition, toWindows } from 'wallarx/operators'

/** A page of an account, with its time. */
export type Event = readonly [account: bigint, at: number, page: number]

export const accountOf = ([account]: readonly [bigint, ...unknown[]]): bigint => account

const accounts = [0n, 1n, 2n, 3n]
/** How much earlier than the latest one an event may be. */
const outOfOrder = 20
/** Later than all that counts: the last event of each account. What is open then stays open on a cluster. */
const end = 1_000_000

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
        close: ({ account, pages }, { start }) => (start < end - 100 ? `${account}: ${pages.join()} from ${start}` : undefined),
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

export const timedPrograms: Readonly<Record<string, () => OperatorFunction<Event, string>>> = {
  windows,
  timers,
}
