import { join } from 'node:path'
import { stat } from 'node:fs/promises'
import type { TeardownLogic } from 'rxjs'
import { failureOf, WallarxError } from '../../base/errors.ts'
import { pull } from '../pull.ts'
import type { SourceSubscription } from '../source.ts'
import type { ReadOptions } from './chunksOf.ts'
import { namesIn, type FileSet } from './list.ts'
import { Member, type HandOver } from './member.ts'
import { ifThere, opening } from './open.ts'
import { watchDirectory } from './follow/watch.ts'

export interface ReadFilesOptions extends ReadOptions {
  readonly files: FileSet
  /** Goes on with what is added to them, and with new ones. */
  readonly follow: boolean
}

/** Reads files of a directory one after the other, each a source of its own to the run. */
export function readFiles(options: ReadFilesOptions, subscription: SourceSubscription<Buffer>): TeardownLogic {
  const { path, name, files, follow } = options
  const { output, context, origin, opened, isIntermediate } = subscription
  const where = { pipeline: context.pipeline, source: name }
  const members = new Map<string, Member>()
  const ending = new AbortController()
  isIntermediate()

  /** Those that are there and have not been seen, the ones first that have been read before. */
  const addNew = async (): Promise<Member[]> => {
    const there = (await namesIn(files)).filter((file) => !members.has(file))
    if (follow) for (const file of there) await checkIsNew(join(files.directory, file))
    if (ending.signal.aborted) return []
    const fresh = there.map((file) => new Member({ ...options, file, signal: ending.signal }, subscription))
    const sorted = [...fresh.filter(({ isKnown }) => isKnown), ...fresh.filter(({ isKnown }) => !isKnown)]
    for (const member of sorted) members.set(member.file, member)
    return sorted
  }

  /** A file that is followed comes to another name of the set: what it has would come twice. */
  const checkIsNew = async (added: string): Promise<void> => {
    const ino = (await ifThere(stat(added)))?.ino
    const same = [...members.values()].find((member) => member.ino !== undefined && member.ino === ino)
    if (same === undefined) return
    throw new WallarxError('SOURCE_CHANGED', {
      expected: `files that keep their names as long as they are in ${path}`,
      got: `${added}, which was ${same.file} before; what is renamed at a rotation is to have a name that is not meant`,
    })
  }

  async function* once(signal: AbortSignal): AsyncGenerator<HandOver> {
    let fresh = await addNew()
    if (fresh.length === 0) throw nothingThere()
    while (fresh.length > 0) {
      for (const [at, member] of fresh.entries()) {
        member.awaited()
        yield* member.rest(opened, () => fresh[at + 1]?.awaited())
        if (signal.aborted) return
      }
      fresh = await addNew()
    }
  }

  const nothingThere = (): WallarxError =>
    new WallarxError('SOURCE_FAILED', { expected: `files at ${path}`, got: 'none', where })

  const watch = follow ? watchDirectory(files.directory, context.clock) : undefined
  const begin = async (): Promise<void> => {
    const fresh = await addNew()
    for (const member of fresh) await member.open()
    for (const member of fresh) member.awaited()
    if (fresh.length === 0) context.report.info(`${name}: waits for files at ${path}, where there are none yet`)
  }
  const begun = follow ? opening(context, begin) : undefined

  let isReading = false
  const closeAll = async (): Promise<void> => {
    await Promise.all([...members.values()].map((member) => member.close()))
  }

  async function* following(signal: AbortSignal): AsyncGenerator<HandOver> {
    isReading = true
    signal.addEventListener('abort', watch!.close)
    try {
      await begun
      opened()
      let changed: ReadonlySet<string> | undefined
      while (!signal.aborted) {
        const fresh = changed === undefined ? await addNew() : []
        for (const member of fresh) await member.open()
        for (const member of members.values()) {
          if (changed?.has(member.file) === false) continue
          yield* member.some()
          if (signal.aborted) return
          if (member.isGone) members.delete(member.file)
        }
        changed = await watch!.changed()
      }
    } finally {
      await closeAll()
    }
  }

  const end = pull({
    context,
    origin,
    items: follow ? following : once,
    next(handOver) {
      handOver()
    },
    complete() {
      output.complete()
    },
    error(cause) {
      output.error(failureOf('SOURCE_FAILED', `to read ${path}`, cause, where))
    },
  })
  return () => {
    ending.abort()
    for (const member of members.values()) member.stop()
    end()
    watch?.close()
    if (!isReading) void begun?.then(closeAll, closeAll)
  }
}
