/** The application whose crash the golden files hold. It stays as it is: they were written with it. */
import { join } from 'node:path'
import { fileSink, fromAsyncIterable, journaled, StateMap, statePartition, StateSet } from 'wallarx'
import { encode, toSink, toStatePartition } from 'wallarx/operators'

/** What is processed before the last checkpoint, and what is after it and in the journal only; the same entities. */
export const wordsBefore = ['to', 'be', 'or', 'not', 'to', 'be', 'that', 'is', 'the', 'question']
export const wordsAfter = ['be', 'the', 'that', 'whether', "'tis", 'the question']

const build = () => ({
  count: 0,
  words: new StateMap<string, number>(),
  seen: new StateSet<string>(),
  lengths: new Map<number, bigint>(),
  initials: new Set<string>(),
  last: { at: new Date(0), bytes: Buffer.alloc(0), form: /^$/g },
  numbers: [-0, Number.NaN, Infinity, 2 ** 53, 18_446_744_073_709_551_615n, undefined, null, true] as unknown[],
  few: new Uint16Array(3),
  itself: undefined as unknown,
})
type State = ReturnType<typeof build>

/** Changes a state, and says all that it is made of. */
function take(word: string, state: State): string {
  state.count++
  state.words.set(word, (state.words.get(word) ?? 0) + 1)
  state.seen.add(word)
  state.lengths.set(word.length, BigInt(state.count) ** 70n)
  state.initials.add(word.slice(0, 1))
  state.last = {
    at: new Date(Date.UTC(2000, 0, state.count)),
    bytes: Buffer.from(word),
    form: new RegExp(`^${word}$`, 'iu'),
  }
  state.numbers[10 + state.count] = state.count / 3
  state.few[state.count % 3]! += state.count
  state.itself = state
  return JSON.stringify({ ...state, itself: state.itself === state, indices: Object.keys(state.numbers) }, asText)
}

/** What JSON does not know. */
function asText(_key: string, value: unknown): unknown {
  if (value instanceof RegExp || typeof value === 'bigint' || value === undefined) return `${String(value)} of its kind`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  const isCollection = value instanceof Map || value instanceof Set || value instanceof StateMap
  return isCollection || value instanceof StateSet ? [...value] : value
}

/** Its output is a file `lines` in the directory, its journal a folder `journal`. */
export function application(directory: string, frames: AsyncIterable<Buffer> | Iterable<Buffer>, isJournaled = true) {
  const byInitial = statePartition('by initial', { key: (frame: Buffer) => frame[0]!, build, version: 3 })
  const source = fromAsyncIterable(frames)
  const words = isJournaled ? journaled(source, { directory: join(directory, 'journal'), name: 'words' }) : source
  const lines = words.pipe(
    toStatePartition((frame, state) => [take(String(frame), state), true], byInitial),
    encode((line) => `${line}\n`),
    toSink(fileSink({ path: join(directory, 'lines'), name: 'lines' })),
  )
  return {
    name: 'Golden',
    pipelines: { lines },
    log: false,
    handleSignals: false,
    checkpointInterval: Infinity,
  } as const
}
