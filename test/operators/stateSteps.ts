import { concat, from, map, NEVER, of, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { StateResult } from '../../src/step/computation.ts'
import { run, statePartition, type RunOptions } from '../../src/index.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { gather } from './gather.ts'
import {
  boxes,
  buildOf,
  letters,
  put,
  spying,
  type Box,
  type Compute,
  type Letter,
  type StateOperator,
} from './letters.ts'
import type { Twin } from './twin.ts'

/** What the state steps with a key have in common, in both forms. */
export function stateSteps(name: StateOperator, twin: Twin): void {
  const build = buildOf(name, twin)
  describe.each([
    [name, {}],
    [`${name} with concurrency`, { concurrency: 3 }],
  ])('%s', (_, options) => {
    test('gives each key a state of its own, in order', async () => {
      const { messages } = await gather(from(letters(1, 2, 1, 2, 1)).pipe(build(put, boxes(), options)))
      expect([...messages].sort()).toEqual(['1: 0', '1: 0,2', '1: 0,2,4', '2: 1', '2: 1,3'])
    })

    test('filters undefined as an output', async () => {
      const quiet: Compute = ({ id }) => [id % 2 === 0 ? undefined : String(id), false]
      expect(await gather(from(letters(1, 1, 2, 2)).pipe(build(quiet, boxes(), options)))).toEqual({
        messages: ['1', '3'],
      })
    })

    test('takes an object, whose compute has the object as its this', async () => {
      const computation = {
        name: 'greeting',
        greeting: 'hello',
        compute({ id }: Letter): StateResult<string> {
          return [`${this.greeting} ${id}`, false]
        },
      }
      expect(await gather(from(letters(5)).pipe(build(computation, boxes(), options)))).toEqual({
        messages: ['hello 0'],
      })
    })

    test('uses the key function that it is given in place of that of the state partition', async () => {
      const byParity = { ...options, key: ({ id }: Letter) => id % 2 }
      const { messages } = await gather(from(letters(7, 7, 7)).pipe(build(put, boxes(), byParity)))
      expect([...messages].sort()).toEqual(['7: 0', '7: 0,2', '7: 1'])
    })

    test.each([
      ['undefined', undefined],
      ['null', null],
      ['an output alone', 'output'],
      ['an empty array', []],
      ['an array without the second item', ['output']],
      ['a pair whose second item is no boolean', ['output', 1]],
    ])('says RESULT_INVALID to %s', async (_, result) => {
      const wrong = (): StateResult<string> => result as never
      const { messages, error } = await gather(from(letters(1)).pipe(build(wrong, boxes(), options)))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', kind: 'user code', where: { partition: 'boxes' } })
    })

    test('says which step and state partition failed, with the message', async () => {
      const cause = new Error('broken')
      const broken = {
        name: 'broken step',
        compute(): never {
          throw cause
        },
      }
      const { error } = await gather(from(letters(1)).pipe(build(broken, boxes(), options)))
      expect(error).toMatchObject({
        code: 'COMPUTATION_FAILED',
        cause,
        where: { step: 'broken step', partition: 'boxes' },
        expected: 'the computation to take an object {"key":1,"id":0}',
      })
    })

    test('says KEY_FUNCTION_FAILED and BUILD_FAILED with the cause', async () => {
      const cause = new Error('broken')
      const fail = (): never => {
        throw cause
      }
      const keyless = { ...options, key: fail }
      expect(await gather(from(letters(1)).pipe(build(put, boxes(), keyless)))).toMatchObject({
        error: { code: 'KEY_FUNCTION_FAILED', cause, where: { partition: 'boxes' } },
      })
      const stateless = statePartition<Letter, Box>('stateless', { key: ({ key }: Letter) => key, build: fail })
      expect(await gather(from(letters(1)).pipe(build(put, stateless, options)))).toMatchObject({
        error: { code: 'BUILD_FAILED', cause, where: { partition: 'stateless', key: 1n } },
      })
    })

    test('has the entities of keys from the start, and KEY_NOT_IN_PARTITION for any other', async () => {
      const { messages, error } = await gather(
        from(letters(1, 2, 3, 1)).pipe(build(put, boxes({ keys: [1, 2] }), options)),
      )
      if (!('concurrency' in options)) expect(messages).toEqual(['1: 0', '2: 1'])
      expect(error).toMatchObject({
        code: 'KEY_NOT_IN_PARTITION',
        kind: 'bad input',
        where: { partition: 'boxes', key: 3n },
      })
    })

    test('under run makes a dead letter of a key outside keys, and goes on', async () => {
      const rejected: unknown[] = []
      const seen: string[] = []
      const app = await run({
        name: 'Boxes',
        pipelines: {
          post: from(letters(1, 9, 1)).pipe(build(spying(seen), boxes({ keys: [1, 2] }), options)),
        },
        deadLetters: ({ input, error }) => rejected.push(input, error.code),
        log: false,
      })
      await app.closed
      expect(seen).toEqual(['1: 0', '1: 0,2'])
      expect(rejected).toEqual([{ key: 9, id: 1 }, 'KEY_NOT_IN_PARTITION'])
      expect(app.status().partitions).toEqual({ boxes: { entities: 2 } })
    })

    test('with onError skip makes a dead letter of a message whose computation throws, and goes on', async () => {
      const rejected: unknown[] = []
      const seen: string[] = []
      const picky: Compute = (letter, box) => {
        if (letter.id === 1) throw new Error('broken')
        return spying(seen)(letter, box)
      }
      const app = await run({
        name: 'Boxes',
        pipelines: { post: from(letters(1, 1, 1)).pipe(build(picky, boxes(), options)) },
        onError: 'skip',
        deadLetters: ({ input, error }) => rejected.push(input, error.code),
        log: false,
      })
      await app.closed
      expect(seen).toEqual(['1: 0', '1: 0,2'])
      expect(rejected).toEqual([{ key: 1, id: 1 }, 'COMPUTATION_FAILED'])
    })

    test('shares the entities of a state partition between pipelines of a run, with a key function each', async () => {
      const partition = boxes()
      const seen: string[] = []
      const app = await run({
        name: 'Boxes',
        pipelines: {
          ids: from(letters(0, 0, 0)).pipe(build(spying(seen), partition, { ...options, key: ({ id }) => id })),
          keys: from(letters(2, 0)).pipe(build(spying(seen), partition, options)),
        },
        log: false,
      })
      await app.closed
      if (twin.direct) expect(seen).toEqual(['0: 0', '0: 1', '0: 2', '2: 2,0', '0: 0,1'])
      // Pulled, the pipelines take turns; two of the three entities have a letter from each.
      else expect(seen.map((output) => output.split(',').length).sort()).toEqual([1, 1, 1, 2, 2])
      expect(app.status().partitions).toEqual({ boxes: { entities: 3 } })
    })

    test('shares the entities of a state partition that it uses twice in one pipeline', async () => {
      const partition = boxes()
      const again = build((_letter, box) => [box.ids.join(), false], partition, options)
      const twice = from(letters(1, 1)).pipe(build(put, partition, options), toLetters(1), again)
      expect((await gather(twice)).messages.at(-1)).toBe('0,1')
    })

    test('begins with new entities in each subscription outside a run', async () => {
      const pipeline = from(letters(1, 1)).pipe(build(put, boxes(), options))
      expect(await gather(pipeline)).toEqual({ messages: ['1: 0', '1: 0,1'] })
      expect(await gather(pipeline)).toEqual({ messages: ['1: 0', '1: 0,1'] })
    })

    test('says STATE_PARTITION_DUPLICATE to a second state partition of the same name', async () => {
      const twice = from(letters(1)).pipe(
        build(put, boxes({ name: 'twin' }), options),
        toLetters(1),
        build(put, boxes({ name: 'twin' }), options),
      )
      expect(await gather(twice)).toMatchObject({
        messages: [],
        error: { code: 'STATE_PARTITION_DUPLICATE', kind: 'misuse', where: { partition: 'twin' } },
      })
      const app = closedOf({
        name: 'Twins',
        pipelines: {
          one: NEVER.pipe(build(put, boxes({ name: 'twin' }), options)),
          other: NEVER.pipe(build(put, boxes({ name: 'twin' }), options)),
        },
        log: false,
      })
      await expect(app).rejects.toMatchObject({ code: 'STATE_PARTITION_DUPLICATE' })
    })

    test('keeps a state partition that a run has open from others, until the run is closed', async () => {
      const partition = boxes()
      const open = of(...letters(1)).pipe(build(put, partition, options))
      const app = await run({
        name: 'First',
        pipelines: { first: concat(of(...letters(1)), NEVER).pipe(build(put, partition, options)) },
        log: false,
      })
      expect(await gather(open)).toMatchObject({
        messages: [],
        error: { code: 'STATE_PARTITION_IN_USE', kind: 'misuse', got: 'one that is open under First' },
      })
      const second = closedOf({ name: 'Second', pipelines: { second: open }, log: false })
      await expect(second).rejects.toMatchObject({ code: 'STATE_PARTITION_IN_USE' })
      expect(app.lifecycle).toBe('running')
      await app.close()
      expect(await gather(open)).toEqual({ messages: ['1: 0'] })
    })

    test('gives a state partition free when its run fails', async () => {
      const partition = boxes()
      const app = closedOf({
        name: 'Failing',
        pipelines: { broken: from(letters(-1)).pipe(build(put, partition, options)) },
        log: false,
      })
      await expect(app).rejects.toMatchObject({ code: 'KEY_INVALID' })
      expect(await gather(from(letters(1)).pipe(build(put, partition, options)))).toEqual({ messages: ['1: 0'] })
    })
  })

  test(`${name} says RESULT_INVALID to a promise without a concurrency, and sees to its rejection`, async () => {
    for (const promise of [() => Promise.resolve(['x', true]), () => Promise.reject(new Error('unseen'))]) {
      const { messages, error } = await gather(from(letters(1)).pipe(build(promise as never, boxes(), {})))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', got: 'a promise' })
    }
    await takeUnhandledErrors() // a rejection that nobody sees would end the test run here
  })
}

/** A foreign operator between two steps. */
function toLetters(key: number): OperatorFunction<string, Letter> {
  return map((_, id) => ({ key, id }))
}

/** Resolves when the run has ended; rejects with its failure, be that before or after it has opened. */
async function closedOf(options: RunOptions): Promise<void> {
  const { closed } = await run(options)
  await closed
}
