import { fork, type ChildProcess } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lmdbStore, type Change, type OpenStore } from 'wallarx'
import { createRandom } from '../bench/random.ts'
import type { CourseOptions } from './course.ts'
import { copyStore, damageDirectory, type Damage } from './damages.ts'
import type { Answer, Question } from './damagedStore.ts'
import { Wrong, type Outcome } from './result.ts'

/** A store to be damaged. */
interface Sample {
  readonly directory: string
  /** The same some commits ago. */
  readonly older: string
  /** What it has, as a hash; the last one, after those it had one commit before the other, is what it has. */
  readonly contents: readonly string[]
  /** Where the last record of its log begins. */
  readonly lastRecord: number
}

/**
 * Damages copies of a store that was closed and of one whose owner was killed, in all ways that come to mind, and uses
 * them in a process that may not survive it: each damage is told by an error with a code, or harms nothing that was
 * committed.
 */
export async function damage({ directory, seed, runs, result, progress }: CourseOptions): Promise<void> {
  const random = createRandom(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  const user = createUser()
  const copy = join(directory, 'copy')
  const wrong: string[] = []
  try {
    const samples: Sample[] = []
    for (const name of ['closed', 'killed'] as const) {
      const sample = await makeSample(join(directory, name), name === 'killed', pick, user)
      samples.push(sample)
    }
    for (let run = 0; run < runs; run++) {
      const sample = samples[pick(samples.length)]!
      copyStore(sample.directory, copy)
      const done = damageDirectory(copy, sample.older, pick)
      const answer = await user.ask({ directory: copy, readOnly: pick(3) === 0 })
      const outcome = judge(answer, done, sample)
      result.damage[outcome]++
      if (outcome === 'silent' || outcome === 'crashed') {
        wrong.push(`${outcome}: ${sample.directory}, ${done.file} ${done.what}: ${JSON.stringify(answer)}`)
      }
      progress()
    }
  } finally {
    user.end()
  }
  if (wrong.length > 0) throw new Wrong(wrong.join('\n'))
}

function judge({ content, wrong, told, uncoded }: Answer, done: Damage, sample: Sample): Outcome {
  if (uncoded !== undefined) return 'crashed'
  if (wrong !== undefined) return 'silent'
  const isSame = content === sample.contents.at(-1)
  if (content === undefined || isSame) return told === undefined ? 'harmless' : 'told'
  const isEndOfLog = done.file.startsWith('log-') && (done.toEnd || done.from >= sample.lastRecord)
  return isEndOfLog && sample.contents.includes(content) ? 'torn' : 'silent'
}

/** The process that uses the stores; another one after each that has ended. */
function createUser(): { ask(question: Question): Promise<Answer>; end(): void } {
  let child: ChildProcess | undefined
  return {
    ask: (question) =>
      new Promise((resolve) => {
        const asked = (child ??= fork(fileURLToPath(new URL('damagedStore.ts', import.meta.url)), {
          execArgv: ['--import', 'tsx'],
          stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        }))
        const settle = (answer: Answer): void => {
          clearTimeout(late)
          asked.off('exit', onExit).off('message', settle)
          resolve(answer)
        }
        const onExit = (code: number | null, signal: string | null): void => {
          child = undefined
          settle({ uncoded: signal ?? `exit code ${String(code)}` })
        }
        const late = setTimeout(() => {
          child = undefined
          asked.kill('SIGKILL')
          settle({ uncoded: 'no end within a minute' })
        }, 60_000)
        asked.once('exit', onExit).once('message', settle)
        asked.send(question)
      }),
    end: () => void child?.kill(),
  }
}

async function makeSample(
  directory: string,
  isKilled: boolean,
  pick: (below: number) => number,
  user: ReturnType<typeof createUser>,
): Promise<Sample> {
  const older = `${directory}-older`
  const work = `${directory}-work`
  const contents: string[] = []
  let lastRecord = 0
  for (let time = 0; time < 5; time++) {
    const store = await lmdbStore(work, { logSize: time === 4 ? 10e6 : 20_000 }).open()
    for (let number = 0; number < 60; number++) {
      if (number === 59) lastRecord = logSize(work)
      await commit(store, pick)
      if (isKilled && time === 4) contents.push(await contentBeside(work, user))
    }
    if (isKilled && time === 4) copyStore(work, directory)
    await store.close()
    if (time === 3) copyStore(work, older)
  }
  if (!isKilled) {
    copyStore(work, directory)
    contents.push(await contentBeside(directory, user))
  }
  for (const name of readdirSync(directory)) if (name.startsWith('owner-')) writeFileSync(join(directory, name), '{}')
  return { directory, older, contents, lastRecord }
}

async function contentBeside(directory: string, user: ReturnType<typeof createUser>): Promise<string> {
  const { content, ...others } = await user.ask({ directory, readOnly: true })
  if (content === undefined) throw new Wrong(`a store that nothing happened to: ${JSON.stringify(others)}`)
  return content
}

const logSize = (directory: string): number =>
  Math.max(
    0,
    ...readdirSync(directory).map((name) => (name.startsWith('log-') ? statSync(join(directory, name)).size : 0)),
  )

/** A few keys of some hundreds, some removed, with values short, long, and longer than a page. */
function commit(store: OpenStore, pick: (below: number) => number): Promise<void> {
  const changes = Array.from({ length: 1 + pick(8) }, (): Change => {
    const kind = pick(20)
    const length = kind === 0 ? 5000 + pick(20_000) : kind < 4 ? pick(1500) : pick(120)
    const key = Buffer.from(`key ${'long '.repeat(kind === 5 ? pick(200) : 0)}${pick(600)}`)
    const value = kind === 19 ? undefined : Buffer.from(Array.from({ length }, () => pick(256)))
    return { key, value }
  })
  return store.commit(changes)
}
