import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { failureOf } from '../../base/errors.ts'
import type { SourceSubscription } from '../source.ts'
import { decompressorFor, isCutOff } from './archive.ts'
import { chunksOf, type ReadOptions } from './chunksOf.ts'
import { FollowedFile } from './follow/followed.ts'
import type { FileSet } from './list.ts'
import { ifThere } from './open.ts'
import { createFileStream } from './stream.ts'

/** One of several files: a source of its own to the run, and an origin. What it gives is to be called in the context. */
export interface Member {
  /** Its name in the directory. */
  readonly file: string
  /** It has been read to a position in an earlier run. */
  readonly isKnown: boolean
  /** Nothing more is read of it. */
  readonly isOver: boolean
  /** It was deleted and has been read to its end: another one of its name is a new one. */
  readonly isGone: boolean
  /** Of the file that is followed. */
  readonly ino: number | undefined
  /** It holds event time from now on. */
  readonly awaited: () => void
  /** All that it has, and its end. `opened` is called at most once; `ending` before its origin has ended. */
  readonly rest: (opened: () => void, ending: () => void) => AsyncGenerator<() => void, void>
  /** Begins to follow it. */
  readonly open: () => Promise<void>
  /** What has come since the last time. */
  readonly some: () => AsyncGenerator<() => void, void>
  /** Once nobody reads. */
  readonly close: () => Promise<void>
  /** It is let go of where it is. */
  readonly stop: () => void
}

export interface MemberOptions extends ReadOptions {
  readonly files: FileSet
  readonly file: string
  readonly follow: boolean
  /** No further chunk is wanted. */
  readonly signal: AbortSignal
}

export function createMember(options: MemberOptions, subscription: SourceSubscription<Buffer>): Member {
  const { name: source, files, file, follow, onChange, signal } = options
  const { context, meter, output } = subscription
  const { register, pipeline, awaits } = context.time
  const path = join(files.directory, file)
  const name = `${source}/${file}`
  const origin = `${subscription.origin}/${file}`
  const entry = context.endpoints.addSource(name)
  const { restored, fingerprint } = entry
  const where = { pipeline: context.pipeline, source: name }
  let isBroken = false // it cannot be cut any further
  let isOver = false
  let cutOff: string | undefined // how an archive was that ended before its end
  let isGone = false
  const stream = createFileStream({
    ...options,
    path,
    name,
    where,
    subscription: { context, meter, output },
    ...(follow && { identity: () => followed?.identity }),
    over(isEnd) {
      isBroken ||= !isEnd
    },
  })
  const followed =
    follow && decompressorFor(file) === undefined
      ? new FollowedFile({ path, isOwn: files.isIn, restored, fingerprint, onChange, stream })
      : undefined
  const positionIsKnown = (): void => {
    entry.positionFrom(stream.position, stream.fingerprint)
  }
  if (followed === undefined) positionIsKnown()
  entry.opened()

  const handed = (work: () => void) => (): void => {
    if (pipeline.used) register.origin = origin
    work()
  }
  const end = (): void => {
    if (isOver) return
    isOver = true
    stream.stop()
    entry.ended()
  }
  const explained = (cause: unknown) => failureOf('SOURCE_FAILED', `to read ${path}`, cause, where)

  async function* rest(opened: () => void, ending: () => void): AsyncGenerator<() => void, void> {
    try {
      for await (const chunk of chunksOf({
        ...options,
        path,
        name,
        restored: stream.position() ?? restored,
        fingerprint: stream.fingerprint() ?? fingerprint,
        stream,
        context,
        signal,
        opened,
      })) {
        yield handed(() => {
          stream.take(chunk)
        })
        if (isBroken) break
      }
    } catch (cause) {
      throw explained(cause)
    }
    if (signal.aborted) return
    yield handed(() => {
      if (!isBroken) stream.end()
      ending()
      end()
      pipeline.originEnded(origin)
    })
  }

  /** One that is being written is read on once there is more of it. */
  async function* wholeArchive(): AsyncGenerator<() => void, void> {
    const there = await ifThere(stat(path))
    const state = there && `${there.size} ${there.mtimeMs}`
    if (state === cutOff) return
    try {
      yield* rest(ignore, ignore)
    } catch (error) {
      if (!isCutOff(error)) throw error
      cutOff = state
      context.report.info(`${name}: waits for the rest of the archive`)
    }
  }

  async function* some(): AsyncGenerator<() => void, void> {
    if (isOver) return
    if (followed === undefined) {
      yield* wholeArchive()
      return
    }
    for (let chunks = 0; !signal.aborted; chunks++) {
      const found = await followed.next().catch((cause: unknown) => {
        throw explained(cause)
      })
      if (found === undefined) return
      isGone = found === 'deleted'
      if (found === 'ended') {
        yield handed(() => {
          stream.end()
          followed.goOn()
        })
      } else if (found !== 'deleted') {
        yield handed(() => {
          stream.take(found)
        })
      }
      if (isBroken || isGone) {
        yield handed(() => {
          if (isGone) stream.end()
          end()
          pipeline.originEnded(origin)
        })
        await followed.close()
        return
      }
    }
  }

  return {
    file,
    isKnown: restored !== undefined,
    get isOver() {
      return isOver
    },
    get isGone() {
      return isGone
    },
    get ino() {
      return followed?.identity.ino
    },
    awaited: () => awaits?.(origin),
    rest,
    async open() {
      await followed?.open().catch((cause: unknown) => {
        throw explained(cause)
      })
      if (followed !== undefined) positionIsKnown()
    },
    some,
    async close() {
      await followed?.close()
    },
    stop: end,
  }
}

const ignore = (): void => undefined
