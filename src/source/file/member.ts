import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { failureOf } from '../../base/errors.ts'
import type { SourceEntry } from '../../context/endpoint.ts'
import type { SourceSubscription } from '../source.ts'
import { decompressorFor, isCutOff } from './archive.ts'
import { chunksOf, type ReadOptions } from './chunksOf.ts'
import { FollowedFile } from './follow/followed.ts'
import type { FileSet } from './list.ts'
import { ifThere } from './open.ts'
import { createFileStream, type FileStream } from './stream.ts'

export interface MemberOptions extends ReadOptions {
  readonly files: FileSet
  /** Its name in the directory. */
  readonly file: string
  readonly follow: boolean
  /** No further chunk is wanted. */
  readonly signal: AbortSignal
}

/** What is to be called inside the context. */
export type HandOver = () => void

/** One of several files: a source of its own to the run, and an origin of event time. */
export class Member {
  readonly file: string
  readonly #options: MemberOptions
  readonly #subscription: SourceSubscription<Buffer>
  readonly #entry: SourceEntry
  readonly #stream: FileStream
  readonly #followed: FollowedFile | undefined
  readonly #origin: string
  readonly #path: string
  /** It cannot be cut any further. */
  #isBroken = false
  #isOver = false
  #isGone = false
  /** How an archive was that ended before its end. */
  #unfinished: string | undefined

  constructor(options: MemberOptions, subscription: SourceSubscription<Buffer>) {
    const { files, file, follow, onChange } = options
    const { context, meter, output } = subscription
    const path = join(files.directory, file)
    const name = `${options.name}/${file}`
    const where = { pipeline: context.pipeline, source: name }
    this.file = file
    this.#options = { ...options, name }
    this.#subscription = subscription
    this.#path = path
    this.#origin = `${subscription.origin}/${file}`
    this.#entry = context.endpoints.addSource(name)
    this.#stream = createFileStream({
      ...options,
      path,
      name,
      where,
      subscription: { context, meter, output },
      ...(follow && { identity: () => this.#followed?.identity }),
      over: (isEnd) => {
        this.#isBroken ||= !isEnd
      },
    })
    const { restored, fingerprint, opened } = this.#entry
    if (follow && decompressorFor(file) === undefined) {
      this.#followed = new FollowedFile({
        path,
        isOwn: files.isIn,
        restored,
        fingerprint,
        onChange,
        stream: this.#stream,
        warn: (event, code) => context.report.warn(`${name}: ${event}`, code, { source: name }),
      })
    } else this.#entry.positionFrom(this.#stream.position, this.#stream.fingerprint)
    opened()
  }

  /** It has been read to a position in an earlier run. */
  get isKnown(): boolean {
    return this.#entry.restored !== undefined
  }

  /** It was deleted and has been read to its end: another one of its name is a new one. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Of the file that is followed. */
  get ino(): number | undefined {
    return this.#isOver ? undefined : this.#followed?.identity.ino
  }

  /** It holds event time from now on. */
  awaited(): void {
    this.#subscription.context.time.awaits?.(this.#origin)
  }

  /** Begins to follow it. */
  async open(): Promise<void> {
    if (this.#followed === undefined) return
    await this.#explained(this.#followed.open())
    this.#entry.positionFrom(this.#stream.position, this.#stream.fingerprint)
  }

  /** All that it has, and its end. `opened` is called at most once; `ending` before its origin has ended. */
  async *rest(opened: () => void, ending: () => void): AsyncGenerator<HandOver, void> {
    const { restored, fingerprint } = this.#entry
    const stream = this.#stream
    const { context } = this.#subscription
    const chunks = chunksOf({
      ...this.#options,
      path: this.#path,
      restored: stream.position() ?? restored,
      fingerprint: stream.fingerprint() ?? fingerprint,
      stream,
      context,
      opened,
    })
    try {
      while (!this.#isBroken) {
        const { value, done } = await this.#explained(chunks.next())
        if (done === true) break
        yield this.#handed(() => {
          stream.take(value)
        })
      }
    } finally {
      await chunks.return()
    }
    if (!this.#options.signal.aborted) yield this.#handed(() => this.#end(ending))
  }

  /** What has come since the last time. */
  async *some(): AsyncGenerator<HandOver, void> {
    if (this.#isOver) return
    const followed = this.#followed
    if (followed === undefined) {
      yield* this.#archive()
      return
    }
    while (!this.#options.signal.aborted) {
      const found = await this.#explained(followed.next())
      if (found === undefined) return
      this.#isGone = found === 'deleted'
      if (found === 'ended') {
        yield this.#handed(() => {
          this.#stream.end()
          followed.goOn()
        })
      } else if (found !== 'deleted') {
        yield this.#handed(() => {
          this.#stream.take(found)
        })
      }
      if (!this.#isBroken && !this.#isGone) continue
      yield this.#handed(() => this.#end())
      await followed.close()
      return
    }
  }

  /** Once nobody reads. */
  async close(): Promise<void> {
    await this.#followed?.close()
  }

  /** It is let go of where it is. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.stop()
    this.#entry.ended()
  }

  /** One that is being written is read on once there is more of it. */
  async *#archive(): AsyncGenerator<HandOver, void> {
    const there = await ifThere(stat(this.#path))
    const state = there && `${there.size} ${there.mtimeMs}`
    if (state === this.#unfinished) return
    try {
      yield* this.rest(ignore, ignore)
    } catch (error) {
      if (!isCutOff(error)) throw error
      this.#unfinished = state
      this.#subscription.context.report.info(`${this.#options.name}: waits for the rest of the archive`)
    }
  }

  #handed(work: () => void): HandOver {
    const { register, pipeline } = this.#subscription.context.time
    return () => {
      if (pipeline.used) register.origin = this.#origin
      work()
    }
  }

  #end(ending: () => void = ignore): void {
    if (!this.#isBroken) this.#stream.end()
    ending()
    this.stop()
    this.#subscription.context.time.pipeline.originEnded(this.#origin)
  }

  async #explained<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } catch (cause) {
      const where = { pipeline: this.#subscription.context.pipeline, source: this.#options.name }
      throw failureOf('SOURCE_FAILED', `to read ${this.#path}`, cause, where)
    }
  }
}

const ignore = (): void => undefined
