import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileSink, run, StateMap, statePartition, StateSet, type StateResult } from 'wallarx'
import { encode, toSink, toStatePartition } from 'wallarx/operators'
import { feed, stores, testStore, type TestStore } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { line, turn } from './counting.ts'

interface Message {
  readonly key: number
  readonly word: string
}

/** Keeps how often each word of an entity came: `add` counts one more, `remove` forgets it, `list` gives all. */
interface Variant<State> {
  readonly build: () => State
  readonly add: (state: State, word: string) => number
  readonly remove: (state: State, word: string) => void
  readonly list: (state: State) => [string, number][]
}

const plain: Variant<{ words: Record<string, number> }> = {
  build: () => ({ words: {} }),
  add: ({ words }, word) => (words[word] = (words[word] ?? 0) + 1),
  remove: (state, word) => {
    state.words = Object.fromEntries(Object.entries(state.words).filter(([known]) => known !== word))
  },
  list: ({ words }) => Object.entries(words),
}

const map: Variant<Map<string, number>> = {
  build: () => new Map(),
  add: (words, word) => {
    words.set(word, (words.get(word) ?? 0) + 1)
    return words.get(word)!
  },
  remove: (words, word) => {
    words.delete(word)
  },
  list: (words) => [...words],
}

const stateMap: Variant<{ words: StateMap<string, number>; seen: StateSet<string> }> = {
  build: () => ({ words: new StateMap(), seen: new StateSet() }),
  add: ({ words, seen }, word) => {
    seen.add(word)
    words.set(word, (words.get(word) ?? 0) + 1)
    return words.get(word)!
  },
  remove: (state, word) => {
    state.words.delete(word)
    state.seen.delete(word)
    if (state.words.size === 0) state.words = new StateMap() // another one in its place
    if (state.seen.size === 0) state.seen.clear()
  },
  list: ({ words, seen }) => [...seen].map((word) => [word, words.get(word)!]),
}

/** `-word` forgets, `?` tells the whole state, anything else counts. */
function computeWith<State>({ add, remove, list }: Variant<State>) {
  return ({ key, word }: Message, state: State): StateResult<string> => {
    if (word === '?') return [`${key} ${JSON.stringify(list(state).sort())}`, false]
    if (!word.startsWith('-')) return [`${key} ${word} ${add(state, word)}`, true]
    remove(state, word.slice(1))
    return [`${key} ${word}`, true]
  }
}

type Step = Message | 'checkpoint' | 'crash' | 'crash when durable' | 'clean stop'

const message: fc.Arbitrary<Message> = fc.record({
  key: fc.nat({ max: 3 }),
  word: fc.constantFrom('x', 'y', 'z', '-x', '-y', '?'),
})
const program: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.array(message, { minLength: 1, maxLength: 8 }) },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Step[]>(['checkpoint'], ['crash'], ['crash when durable'], ['clean stop']),
      },
    ),
    { maxLength: 12 },
  )
  .map((steps) => steps.flat())
const whatAllAre: Message[] = [0, 1, 2, 3].map((key) => ({ key, word: '?' }))

/** Outputs of different entities may overtake each other where steps are asynchronous. */
const byKey = (output: string): string[][] =>
  [0, 1, 2, 3].map((key) => output.split('\n').filter((one) => one.startsWith(String(key))))

/** The output of a program of messages, checkpoints, crashes and stops, at whose end every entity tells its state. */
async function outputOf<State>(
  store: TestStore,
  steps: readonly Step[],
  variant: Variant<State>,
  concurrency?: number,
) {
  const output = join(temporaryFolder(), 'out')
  const input = feed<Message>()
  const compute = computeWith(variant)
  const later = async (message: Message, state: State): Promise<StateResult<string>> => {
    for (let turns = message.key; turns > 0; turns--) await turn()
    return compute(message, state)
  }
  const start = async () => {
    const words = statePartition('words', { key: (message: Message) => message.key, build: variant.build })
    const step =
      concurrency === undefined ? toStatePartition(compute, words) : toStatePartition(later, words, { concurrency })
    const pipeline = input.source.pipe(step, encode(line), toSink(fileSink({ path: output, name: 'output' })))
    return run({
      name: 'test',
      pipelines: { pipeline },
      store,
      checkpointInterval: 1,
      handleSignals: false,
      log: false,
    })
  }
  const caughtUp = (): Promise<void> =>
    store.until(() => pushed === 0 || store.position('pipeline', 'source', 'feed') === pushed)
  let pushed = 0
  let app = await start()
  for (const step of steps) {
    if (step === 'checkpoint') await caughtUp()
    else if (typeof step === 'object') {
      input.push(step)
      pushed++
    } else {
      if (step !== 'clean stop') store.crash(step === 'crash' ? 'lost' : 'durable')
      await app.close().catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
      })
      store.mend()
      app = await start()
    }
  }
  input.push(...whatAllAre)
  pushed += whatAllAre.length
  await caughtUp()
  await app.close()
  return readFileSync(output, 'utf8')
}

/** What the output has to be. */
function modelOutput(messages: readonly Message[]): string {
  const compute = computeWith(map)
  const states = new Map<number, Map<string, number>>()
  return messages
    .map((message) => {
      if (!states.has(message.key)) states.set(message.key, map.build())
      return `${String(compute(message, states.get(message.key)!)[0])}\n`
    })
    .join('')
}

describe.each(stores)('state and output with %s', (_, makeStore) => {
  const variants: [string, Variant<never>][] = [
    ['plain objects', plain as unknown as Variant<never>],
    ['Maps', map as unknown as Variant<never>],
    ['StateMaps and StateSets', stateMap as unknown as Variant<never>],
  ]
  describe.each(variants)('of %s', (_, variant) => {
    test.each([undefined, 1, 3])(
      'are after any crashes and stops those of an undisturbed run (concurrency: %s)',
      async (concurrency) => {
        await fc.assert(
          fc.asyncProperty(program, async (steps) => {
            const output = await outputOf(testStore(makeStore()), steps, variant, concurrency)
            const expected = modelOutput([...steps.filter((step) => typeof step === 'object'), ...whatAllAre])
            if (concurrency === undefined) expect(output).toBe(expected)
            else expect(byKey(output)).toEqual(byKey(expected))
          }),
          { numRuns: 20 },
        )
      },
    )
  })
})
