import fc from 'fast-check'
import type { Change, OpenStore, Store, StoreEntry } from '../../store/store.ts'
import { Breach } from '../law/breach.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import { turns } from '../driver/drive.ts'
import { knownOptions } from '../../base/option.ts'

/**
 * The law that a store keeps what it is given: under any course of commits, reads, waiting and reopening it behaves as
 * a sorted Map would. A commit is seen from the moment it is begun, the last change to a key counts, commits apply in
 * their order, one with a key that is none (empty, or longer than 1,900 bytes) rejects and leaves nothing; bytes
 * returned may be changed without the store's noticing; a closed store is whole when it is opened again, and a second
 * opening of an open one rejects.
 *
 * @param build makes a new, empty store for each run; several are made
 * @example
 * ```ts
 * import { memoryStore } from 'wallarx'
 * import { storeKeepsWhatItIsGiven } from 'wallarx/testing'
 *
 * await storeKeepsWhatItIsGiven(() => memoryStore())
 * ```
 */
export async function storeKeepsWhatItIsGiven(
  build: () => Store | Promise<Store>,
  options: LawOptions = {},
): Promise<void> {
  knownOptions('storeKeepsWhatItIsGiven', options, lawOptions)
  await checkLaw({
    law: 'a store behaves as a sorted Map that outlasts being closed',
    where: { law: 'storeKeepsWhatItIsGiven' },
    input: fc.array(step, { maxLength: 25, size: 'max' }),
    async holds(steps) {
      const store = await build()
      const tried: Trial = { store, open: await store.open(), model: new Map(), pending: [] }
      try {
        for (const one of steps) await carryOut(one, tried)
        await carryOut({ kind: 'reopen' }, tried)
      } finally {
        await tried.open.close()
      }
    },
    show: (steps) => steps.map(shownStep).join('\n'),
    options: { timeout: 5000, ...options },
  })
}

/** What a law does to a store: keys and values in hexadecimal digits. */
type Step =
  | {
      readonly kind: 'commit'
      readonly changes: readonly (readonly [key: string, value?: string])[]
      readonly waits: boolean
    }
  | {
      readonly kind: 'invalid commit'
      readonly changes: readonly (readonly [key: string, value?: string])[]
      readonly at: number
      readonly tooLong: boolean
    }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'range'; readonly prefix: string }
  | { readonly kind: 'turn' }
  | { readonly kind: 'open twice' }
  | { readonly kind: 'reopen' }

interface Trial {
  readonly store: Store
  open: OpenStore
  /** Key to value, both in hexadecimal digits. */
  readonly model: Map<string, string>
  pending: Promise<void>[]
}

async function carryOut(step: Step, trial: Trial): Promise<void> {
  const { model } = trial
  switch (step.kind) {
    case 'commit': {
      const committed = commit(trial, step.changes)
      trial.pending.push(committed)
      for (const [key, value] of step.changes) {
        if (value === undefined) model.delete(key)
        else model.set(key, value)
      }
      expectAll(trial, '', 'when a commit was begun')
      if (step.waits) {
        await committed
        expectAll(trial, '', 'when a commit has resolved')
      }
      return
    }
    case 'invalid commit': {
      const changes = [...step.changes]
      changes.splice(step.at % (changes.length + 1), 0, [step.tooLong ? '00'.repeat(1901) : '', '00'])
      const outcome = await commit(trial, changes).then(
        () => 'resolved',
        () => 'rejected',
      )
      if (outcome === 'resolved') throw new Breach('a commit that took a key of 0 or of 1,901 bytes')
      expectAll(trial, '', 'when a commit was rejected')
      return
    }
    case 'get': {
      expectValue(trial, step.key)
      return
    }
    case 'range': {
      expectAll(trial, step.prefix, 'in a range')
      return
    }
    case 'turn': {
      await turns(1)
      return
    }
    case 'open twice': {
      const second = await trial.store.open().catch(() => undefined)
      if (second === undefined) return
      await second.close()
      throw new Breach('a second opening of a store that is open')
    }
    case 'reopen': {
      await trial.open.close()
      await Promise.all(trial.pending)
      trial.pending = []
      trial.open = await trial.store.open()
      expectAll(trial, '', 'when the store was opened again')
    }
  }
}

/** Begins a commit. */
function commit({ open }: Trial, changes: readonly (readonly [key: string, value?: string])[]): Promise<void> {
  const given: Change[] = changes.map(([key, value]) => ({
    key: Buffer.from(key, 'hex'),
    value: value === undefined ? undefined : Buffer.from(value, 'hex'),
  }))
  let committed: Promise<void>
  try {
    committed = open.commit(given)
  } catch (thrown) {
    throw new Breach('a commit that throws, in place of a rejection', { cause: thrown })
  }
  committed.catch(() => undefined) // it is looked at later
  return committed
}

function expectValue({ open, model }: Trial, key: string): void {
  const expected = model.get(key)
  for (const when of ['', ' after the bytes that were returned were changed']) {
    const found = open.get(Buffer.from(key, 'hex'))
    const got = found?.toString('hex')
    if (got !== expected)
      throw new Breach(`${shownEntry(got)} in place of ${shownEntry(expected)} for key ${brief(key)}${when}`)
    found?.fill(0x55)
  }
}

function expectAll(trial: Trial, prefix: string, when: string): void {
  const { open, model } = trial
  const expected = [...model].filter(([key]) => key.startsWith(prefix)).sort(([one], [other]) => (one < other ? -1 : 1))
  const entries: StoreEntry[] = [...open.range(Buffer.from(prefix, 'hex'))]
  const got = entries.map(({ key, value }) => [hex(key), hex(value)] as const)
  const shown = (some: readonly (readonly [string, string])[]): string =>
    `{ ${some.map(([key, value]) => `${brief(key)}: ${shownEntry(value)}`).join(', ')} }`
  const alike =
    got.length === expected.length &&
    got.every(([key, value], at) => key === expected[at]![0] && value === expected[at]![1])
  if (!alike) throw new Breach(`${shown(got)} in place of ${shown(expected)} ${when}`)
  for (const { key, value } of entries) {
    key.fill(0x55)
    value.fill(0x55)
  }
  for (const [key] of expected) expectValue(trial, key)
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const brief = (key: string): string => (key.length > 16 ? `${key.slice(0, 12)}… (${key.length / 2} bytes)` : `'${key}'`)
const shownEntry = (value: string | undefined): string =>
  value === undefined ? 'nothing' : `<${brief(value).replaceAll("'", '')}>`

function shownStep(step: Step): string {
  const shownChanges = (changes: readonly (readonly [key: string, value?: string])[]): string =>
    changes
      .map(([key, value]) => (value === undefined ? `remove ${brief(key)}` : `${brief(key)} = ${shownEntry(value)}`))
      .join(', ')
  switch (step.kind) {
    case 'commit':
      return `commit ${shownChanges(step.changes)}${step.waits ? ', and wait' : ''}`
    case 'invalid commit': {
      const at = step.at % (step.changes.length + 1)
      return `commit ${shownChanges(step.changes)}, and a key of ${step.tooLong ? '1,901' : '0'} bytes at ${at}`
    }
    case 'get':
      return `get ${brief(step.key)}`
    case 'range':
      return `range ${brief(step.prefix)}`
    default:
      return step.kind
  }
}

/** Keys that are often the same, prefixes of each other, and on both sides of what is unsigned. */
const key = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .array(fc.constantFrom('00', '01', '7f', '80', 'ff'), { minLength: 1, maxLength: 2 })
      .map((all) => all.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('ff'.repeat(1900), '00'.repeat(1899)) },
)
const value = fc.uint8Array({ maxLength: 6 }).map(hex)
const changes = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.tuple(key, value) }, { weight: 1, arbitrary: fc.tuple(key) }),
  { maxLength: 6 },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: recordOf({ kind: fc.constant('commit' as const), changes, waits: fc.boolean() }) },
  { weight: 2, arbitrary: recordOf({ kind: fc.constant('get' as const), key }) },
  { weight: 2, arbitrary: recordOf({ kind: fc.constant('range' as const), prefix: fc.oneof(fc.constant(''), key) }) },
  {
    weight: 1,
    arbitrary: recordOf({
      kind: fc.constant('invalid commit' as const),
      changes,
      at: fc.nat(6),
      tooLong: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'open twice' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'reopen' as const }) },
)
