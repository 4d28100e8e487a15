/** What lives by time gives the same pushed and pulled. */
import fc from 'fast-check'
import { from, mergeMap, pipe, toArray, type OperatorFunction } from 'rxjs'
import { describe, test, vi } from 'vitest'
import { counted, statePartition, windowed, type StateComputation } from 'wallarx'
import { eventTime, joinWithin, toStatePartition, toWindows } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import { rxTwinIsIxTwin } from 'wallarx/testing'
import * as any from '../../../time/arbitraries.ts'
import type { Message } from '../../../time/model.ts'
import { joinOptions, joinRules, merging, windowRules, windowsOf } from '../../time/pipelines.ts'
import { ofOneOrigin } from '../../time/played.ts'

const input = any.events(30).map(ofOneOrigin)
const timeOf = ({ t }: Message): number => t
const runs = Math.ceil(any.runs / 8)
type Ix<Out> = (source: AsyncIterable<Message>) => AsyncIterable<Out>

async function* given<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

/** So many of them as a law is tried with. */
const samples = <Options>(options: fc.Arbitrary<Options>): Options[] => fc.sample(options, 8)

vi.setConfig({ testTimeout: 60_000 })

describe('twins', () => {
  test('toWindows', async () => {
    for (const rules of samples(windowRules)) {
      const outOfOrder = rules.outOfOrder ?? 0
      await rxTwinIsIxTwin(
        () => pipe(eventTime(timeOf, { outOfOrder }), toWindows(merging, windowsOf(rules))),
        (): Ix<unknown> => (source) =>
          ix.toWindows(merging, windowsOf(rules))(ix.eventTime(timeOf, { outOfOrder })(source)),
        { input, runs },
      )
    }
  })

  test('toWindows by count', async () => {
    for (const every of [1, 2, 3]) {
      const windows = () =>
        windowed('windows', {
          key: ({ key }: Message) => key,
          window: counted({ size: 3, every }),
          build: () => ({ values: [] as string[] }),
        })
      await rxTwinIsIxTwin(
        () => toWindows(merging, windows()),
        (): Ix<unknown> => (source) => ix.toWindows(merging, windows())(source),
        { input, runs },
      )
    }
  })

  const timed: StateComputation<Message, { sum: number }, string> = {
    compute({ v, t }, state, timers) {
      state.sum++
      if (state.sum % 4 === 0) timers.clear('soon')
      else timers.set('soon', t + 7)
      timers.set(state.sum % 3, timers.now + 5)
      return [`${v} at ${timers.now}: ${state.sum}`, true]
    },
    onTimer(name, at, state, timers) {
      if (name === 0 && timers.now < Infinity) timers.set('more', at + 3)
      return [`${name} at ${at}, ${timers.now}: ${state.sum}`, false]
    },
    onExpire: ({ sum }, key) => `${key} gone: ${sum}`,
  }
  const entities = (expireAfter: number) =>
    statePartition('entities', { key: ({ key }: Message) => key, build: () => ({ sum: 0 }), expireAfter })

  test('timers, and entities that expire', async () => {
    for (const expireAfter of [10, 25, 1e9]) {
      for (const outOfOrder of [0, 10]) {
        await rxTwinIsIxTwin(
          () => pipe(eventTime(timeOf, { outOfOrder }), toStatePartition(timed, entities(expireAfter))),
          (): Ix<string> => (source) =>
            ix.toStatePartition(timed, entities(expireAfter))(ix.eventTime(timeOf, { outOfOrder })(source)),
          { input, runs },
        )
      }
    }
  })

  test('eventTime, with times that are none', async () => {
    const time = ({ t, v }: Message): number => (v === 'm7' ? NaN : t)
    await rxTwinIsIxTwin(
      () => eventTime(time) as OperatorFunction<Message, Message>,
      (): Ix<Message> => (source) => ix.eventTime(time)(source),
      { input, runs },
    )
  })

  test('joinWithin, in whatever order, of sides that are in order', async () => {
    const of = (side: 'left' | 'right', all: readonly Message[]): Message[] =>
      all.filter((message) => message.side === side).sort((one, other) => one.t - other.t)
    const sorted = (outputs: readonly unknown[]): string[] => outputs.map((output) => JSON.stringify(output)).sort()
    for (const rules of samples(joinRules)) {
      await rxTwinIsIxTwin(
        () =>
          pipe(
            toArray<Message>(),
            mergeMap((all) => from(of('left', all)).pipe(joinWithin(from(of('right', all)), joinOptions(rules)))),
            toArray(),
            mergeMap(sorted),
          ),
        (): Ix<string> =>
          async function* (source) {
            const all: Message[] = []
            for await (const message of source) all.push(message)
            const outputs: unknown[] = []
            const joined = ix.joinWithin(given(of('right', all)), joinOptions(rules))(given(of('left', all)))
            for await (const output of joined) outputs.push(output)
            yield* sorted(outputs)
          },
        { input, runs },
      )
    }
  })
})
