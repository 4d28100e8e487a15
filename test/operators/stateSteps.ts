import fc from 'fast-check'
import { concat, from, map, NEVER, of, Subject, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { within } from '../../src/context.ts'
import type { AsyncStateComputation, StateResult } from '../../src/computation.ts'
import { run, statePartition, type RunOptions, type StatePartition } from '../../src/index.ts'
import { standaloneContext } from '../../src/standaloneContext.ts'
import { takeUnhandledErrors } from '../setup.ts'
import { turn } from './asynchronousSteps.ts'
import { gather } from './gather.ts'
import type { Operators, Twin } from './twin.ts'

/** A message for an entity. */
export interface Letter {
  readonly key: number
  readonly id: number
}

/** The state of an entity: the messages it has had. */
export interface Box {
  readonly ids: number[]
}

export type Compute = (letter: Letter, box: Box) => PromiseLike<StateResult<string>> | StateResult<string>

/** A state step with one output for each message, made from a computation and the options of the operator. */
type BuildStep = (
  computation: Compute | AsyncStateComputation<Letter, Box, string>,
  partition: StatePartition<Letter, Box>,
  options: { concurrency?: number; key?: (letter: Letter) => number },
) => OperatorFunction<Letter, string>

const boxes = (options: { name?: string; keys?: number[] } = {}): StatePartition<Letter, Box> =>
  statePartition<Letter, Box>(options.name ?? 'boxes', {
    key: ({ key }: Letter) => key,
    build: () => ({ ids: [] }),
    keys: options.keys,
  })

const put: Compute = ({ key, id }, box) => {
  box.ids.push(id)
  return [`${key}: ${box.ids.join()}`, true]
}

const letters = (...keys: number[]): Letter[] => keys.map((key, id) => ({ key, id }))

type StateOperator = 'toStatePartition' | 'toStatePartitionMulti'

/** The pair with its output in an array; anything else as it is. */
const asMany = (result: StateResult<string>): StateResult<string[]> =>
  Array.isArray(result) && result[0] !== undefined
    ? ([[result[0]], ...(result as unknown[]).slice(1)] as unknown as StateResult<string[]>)
    : (result as unknown as StateResult<string[]>)

const buildMulti =
  ({ toStatePartitionMulti }: Operators): BuildStep =>
  (computation, partition, options) => {
    const form: AsyncStateComputation<Letter, Box, string> =
      typeof computation === 'function' ? { name: computation.name, compute: computation } : computation
    const multi = {
      ...(form.name !== undefined && { name: form.name }),
      compute(letter: Letter, box: Box) {
        const result = form.compute(letter, box)
        return result instanceof Promise ? result.then(asMany) : asMany(result as StateResult<string>)
      },
    }
    return toStatePartitionMulti(multi, partition as never, options as never)
  }

function buildOf(name: StateOperator, { operators, toRx }: Twin): BuildStep {
  const build =
    name === 'toStatePartition' ? (operators.toStatePartition as unknown as BuildStep) : buildMulti(operators)
  return (...of) => toRx(build(...of))
}

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

    test('shares the entities of a state partition between pipelines of one run, with key functions of their own', async () => {
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

  test(`${name} says RESULT_INVALID to a promise where no concurrency was given, and sees to its rejection`, async () => {
    for (const promise of [() => Promise.resolve(['x', true]), () => Promise.reject(new Error('unseen'))]) {
      const { messages, error } = await gather(from(letters(1)).pipe(build(promise as never, boxes(), {})))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', got: 'a promise' })
    }
    await takeUnhandledErrors() // a rejection that nobody sees would end the test run here
  })
}

/** What the state steps owe with `concurrency` beyond that. */
export function asynchronousStateSteps(name: StateOperator, twin: Twin): void {
  const build = buildOf(name, twin)
  describe(`${name} with concurrency`, () => {
    test.each([0, -1, 1.5, NaN, '2'])('of %s cannot be made', (concurrency) => {
      expect(() => build(put, boxes(), { concurrency: concurrency as number })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    })

    test('leaves the states of the synchronous form, one message of an entity at a time and in order', async () => {
      const messages = fc.array(fc.nat(4), { maxLength: 25 }).map((keys) => letters(...keys))
      await fc.assert(
        fc.asyncProperty(
          messages,
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
          fc.infiniteStream(fc.nat(100)),
          async (list, concurrency, atOnce, choices) => {
            const work = deferredByEntity()
            const expected = new Map<number, number[]>()
            for (const { key, id } of list) expected.set(key, [...(expected.get(key) ?? []), id])
            const context = standaloneContext()
            const partition = boxes()
            const slow: Compute = (letter, box) => (atOnce[letter.id] ? put(letter, box) : work.compute(letter, box))
            const end = within(context, () => gather(from(list).pipe(build(slow, partition, { concurrency }))))
            let ended = false
            void end.then(() => (ended = true))
            await turn()
            while (!ended) {
              expect(work.open.length).toBeLessThanOrEqual(concurrency)
              expect(new Set(work.open.map(({ key }) => key)).size).toBe(work.open.length)
              if (work.open.length > 0) work.resolve(choices.next().value % work.open.length)
              await turn()
            }
            const outputs = (await end).messages
            expect(outputs).toHaveLength(list.length)
            const entities = context.entities(partition)
            for (const [key, ids] of expected) {
              expect(entities.get(key)).toEqual({ ids })
              expect(outputs.filter((output) => output.startsWith(`${key}:`))).toEqual(
                ids.map((_, at) => `${key}: ${ids.slice(0, at + 1).join()}`),
              )
            }
            expect(context.holds.list()).toEqual([])
          },
        ),
        { numRuns: 60 },
      )
    })

    test('is at work on as many entities at once as it may, and on one message of each', async () => {
      const work = deferredByEntity()
      const end = gather(from(letters(1, 1, 2, 3, 4)).pipe(build(work.compute, boxes(), { concurrency: 3 })))
      await turn()
      const ids = (): number[] => work.open.map(({ id }) => id)
      expect(ids()).toEqual([0, 2, 3])
      work.resolve(1)
      await turn()
      expect(ids()).toEqual([0, 3, 4])
      work.resolve(0)
      await turn()
      expect(ids()).toEqual([3, 4, 1])
      for (let left = 3; left > 0; left--) work.resolve(0)
      expect((await end).messages).toEqual(['2: 2', '1: 0', '3: 3', '4: 4', '1: 0,1'])
    })

    test('holds the sources while as many messages are inside as may be under way', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const subject = new Subject<Letter>()
      const end = within(context, () => gather(subject.pipe(build(work.compute, boxes(), { concurrency: 2 }))))
      const [one, two, three] = letters(1, 1, 1) as [Letter, Letter, Letter]
      subject.next(one)
      await turn()
      expect(context.holds.held).toBe(false)
      subject.next(two)
      await turn()
      expect(context.holds.list()).toHaveLength(1)
      subject.next(three)
      await turn()
      expect(context.holds.list()).toHaveLength(1)
      work.resolve(0)
      await turn()
      expect(context.holds.held).toBe(true)
      work.resolve(0)
      await turn()
      expect(context.holds.held).toBe(false)
      subject.complete()
      work.resolve(0)
      expect((await end).messages).toEqual(['1: 0', '1: 0,1', '1: 0,1,2'])
    })

    test('fails once with a rejection, and lets go of everything', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const cause = new Error('rejected')
      const subject = new Subject<Letter>()
      const end = within(context, () => gather(subject.pipe(build(work.compute, boxes(), { concurrency: 2 }))))
      for (const letter of letters(1, 1, 2)) subject.next(letter)
      await turn()
      work.reject(0, cause)
      expect(await end).toMatchObject({ messages: [], error: { code: 'COMPUTATION_FAILED', cause } })
      expect(subject.observed).toBe(false)
      expect(context.holds.held).toBe(false)
      work.reject(0, new Error('too late'))
      await turn()
      expect(work.open).toEqual([])
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('under run with onError skip goes on with the entity whose computation was rejected', async () => {
      const seen: string[] = []
      const flaky: Compute = async (letter, box) => {
        await turn()
        if (letter.id === 0) throw new Error('rejected')
        return spying(seen)(letter, box)
      }
      const app = await run({
        name: 'Flaky',
        pipelines: { post: from(letters(1, 1, 1)).pipe(build(flaky, boxes(), { concurrency: 2 })) },
        onError: 'skip',
        log: false,
      })
      await app.closed
      expect(seen).toEqual(['1: 1', '1: 1,2'])
      expect(app.status().pipelines.post).toMatchObject({ deadLetters: 1, holds: [] })
    })

    test('gives its hold back and begins nothing more when it is unsubscribed from', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const seen: string[] = []
      const subscription = within(context, () =>
        from(letters(1, 1, 2, 3))
          .pipe(build(work.compute, boxes(), { concurrency: 2 }))
          .subscribe((message) => seen.push(message)),
      )
      await turn()
      expect(context.holds.held).toBe(true)
      subscription.unsubscribe()
      expect(context.holds.held).toBe(false)
      work.resolve(0)
      work.reject(0, new Error('too late'))
      await turn()
      expect(work.open).toEqual([])
      expect(seen).toEqual([])
    })

    test.runIf(twin.direct)('stops when an output leads to the unsubscription, with messages waiting', async () => {
      const work = deferredByEntity()
      const seen: string[] = []
      const subscription = from(letters(1, 1, 2))
        .pipe(build(work.compute, boxes(), { concurrency: 2 }))
        .subscribe((message) => {
          seen.push(message)
          subscription.unsubscribe()
        })
      await turn()
      work.resolve(0)
      await turn()
      expect(seen).toEqual(['1: 0'])
      expect(work.open.map(({ id }) => id)).toEqual([2])
    })

    test('takes as many results at once as wait for an entity, without a deeper stack for each', async () => {
      const count = 20_000
      const work = deferredByEntity()
      let last: string | undefined
      const mixed: Compute = (letter, box) => {
        if (letter.id === 0) return work.compute(letter, box)
        last = String(letter.id)
        return [last, false]
      }
      const end = gather(from(letters(...Array<number>(count).fill(1))).pipe(build(mixed, boxes(), { concurrency: 1 })))
      await turn()
      work.resolve(0)
      const { messages, error } = await end
      expect(error).toBeUndefined()
      expect(messages).toHaveLength(count)
      expect(messages.at(-1)).toBe(String(count - 1))
    })
  })
}

/** Computations that the test ends by their place in `open`; each puts its message into the box only then. */
function deferredByEntity(): {
  compute: Compute
  open: Letter[]
  resolve: (at: number) => void
  reject: (at: number, error: unknown) => void
} {
  const open: Letter[] = []
  const ends: { resolve(): void; reject(error: unknown): void }[] = []
  const take = (at: number): (typeof ends)[number] => {
    open.splice(at, 1)
    return ends.splice(at, 1)[0]!
  }
  return {
    open,
    compute: (letter, box) =>
      new Promise((resolve, reject) => {
        open.push(letter)
        ends.push({
          resolve: () => {
            resolve(put(letter, box))
          },
          reject,
        })
      }),
    resolve: (at) => {
      take(at).resolve()
    },
    reject: (at, error) => {
      take(at).reject(error)
    },
  }
}

function spying(seen: string[]): (letter: Letter, box: Box) => StateResult<string> {
  return (letter, box) => {
    const result = put(letter, box) as StateResult<string>
    seen.push(result[0]!)
    return result
  }
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
