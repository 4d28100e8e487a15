import { createHash } from 'node:crypto'
import { lmdbStore, type OpenStore } from 'wallarx'

// A process that uses stores which are damaged, and may not survive it. `damage.ts` starts it.

export interface Question {
  readonly directory: string
  readonly readOnly: boolean
}

/** What a store has, as far as it comes. */
export interface Answer {
  readonly content?: string
  /** What went otherwise than it should. */
  readonly wrong?: string
  /** The code of the error, or what was thrown without one. */
  readonly told?: string
  readonly uncoded?: string
}

const all = Buffer.from('')

process.on('message', (question: Question) => {
  void answer(question).then((found) => process.send!(found))
})

async function answer({ directory, readOnly }: Question): Promise<Answer> {
  let content: string | undefined
  try {
    content = await using(directory, readOnly, contentOf)
    const wrong = readOnly ? undefined : await write(directory)
    return { content, ...(wrong !== undefined && { wrong }) }
  } catch (error) {
    const { code, kind } = error as { code?: unknown; kind?: unknown }
    const isCoded = typeof code === 'string' && typeof kind === 'string'
    const said = isCoded ? { told: code } : { uncoded: String((error as Error).stack) }
    return { ...(content !== undefined && { content }), ...said }
  }
}

async function using<T>(directory: string, readOnly: boolean, use: (store: OpenStore) => T): Promise<T> {
  const store = await lmdbStore(directory, { readOnly, logSize: 20_000 }).open()
  try {
    return use(store)
  } finally {
    await store.close()
  }
}

/** A hash of what a range has, which is what each of its keys gives. */
function contentOf(store: OpenStore): string {
  const hash = createHash('sha256')
  for (const { key, value } of store.range(all)) {
    const same = store.get(key)
    hash
      .update(`${key.length} ${value.length} ${String(same?.equals(value))}\n`)
      .update(key)
      .update(value)
  }
  return hash.digest('hex')
}

/** Changes all that is there, and more, with pages of all kinds; what is not there then as it should be. */
async function write(directory: string): Promise<string | undefined> {
  const store = await lmdbStore(directory, { logSize: 20_000 }).open()
  const keys = [...store.range(all)].map(({ key }) => key)
  for (let from = 0; from < keys.length; from += 40) {
    await store.commit(keys.slice(from, from + 40).map((key, index) => ({ key, value: Buffer.alloc(index * 30, 'x') })))
  }
  await store.commit([{ key: Buffer.from('new'), value: Buffer.alloc(50_000, 'n') }])
  await store.close()
  const written = await using(directory, false, (opened) => [...opened.range(all)].length)
  if (written !== new Set([...keys.map(String), 'new']).size) return `${written} entries after a change to all`
  const again = await lmdbStore(directory).open()
  await again.commit([...again.range(all)].map(({ key }) => ({ key, value: undefined })))
  await again.close()
  const left = await using(directory, false, (opened) => [...opened.range(all)].length)
  return left === 0 ? undefined : `${left} entries after all were removed`
}
