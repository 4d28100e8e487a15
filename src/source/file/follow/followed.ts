import { stat, type FileHandle } from 'node:fs/promises'
import { createPassedBytes } from '../../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../../context/endpoint.ts'
import { copiesOf, copyIn, hasPassed, locate, nextOf, type Followed, type Opened } from './locate.ts'
import { ifThere, sourceChanged } from '../open.ts'
import { newerThan, rotatedFrom, type Neighbour } from './rotated.ts'
import type { FileStream } from '../stream.ts'

export interface FollowedFileOptions extends Followed {
  readonly restored: Position | undefined
  /** Of `restored`. */
  readonly fingerprint: Fingerprint | undefined
  readonly onChange: 'stop' | 'restart'
  readonly stream: FileStream
}

const chunkLength = 64 * 1024
/** So many bytes are read again with each chunk: they must be what they were. */
const longestOverlap = 64

/**
 * A file that is read as it grows, and what takes its place at its path after it, each once: one that was renamed is
 * read to its end first, and so is what a truncated one was copied to.
 */
export class FollowedFile {
  readonly #options: FollowedFileOptions
  #file: Opened | undefined
  /** Opened, and read when the one before has been told to have ended. */
  #next: Opened | undefined
  /** The next byte that is read. */
  #at = 0
  /** The bytes before it. */
  #last = Buffer.alloc(0)
  /** The size that it was seen to have. */
  #size = 0
  /** When the newest file was changed that was rotated away before this one was opened. */
  #rotated = 0
  /** Its number. */
  #newest = 0
  /** Those that were there then. */
  #known = new Set<number>()

  constructor(options: FollowedFileOptions) {
    this.#options = options
  }

  /** Whether there was one to open. */
  get isOpen(): boolean {
    return this.#file !== undefined
  }

  /** By what, besides its content, the file that is open is found again. */
  get identity(): Fingerprint {
    const size = Math.max(this.#size, this.#at)
    return { ...(this.#file && { ino: this.#file.ino }), size, rotated: this.#rotated, newest: this.#newest }
  }

  /** Opens it where it was left. There may be none yet. */
  async open(): Promise<void> {
    const { path, restored, fingerprint, onChange, stream } = this.#options
    const hasWaited = fingerprint?.rotated !== undefined && fingerprint.ino === undefined // for the first one
    if (restored === undefined || hasWaited) {
      await this.#beginFirst(fingerprint)
      return
    }
    const located = await locate(this.#options, restored, fingerprint)
    if (typeof located !== 'string') {
      await this.#noteRotated(fingerprint)
      await this.#read(located.file, restored)
      stream.begin(located.before, restored)
      return
    }
    const found = `${located}${missing((fingerprint?.size ?? 0) - restored)}`
    if (onChange === 'stop') throw sourceChanged(path, restored, found)
    stream.restart(found)
    await this.#beginFirst()
  }

  /**
   * The next bytes; `undefined`: none yet. `'ended'`: there are no more in this file, and `goOn` is to be called;
   * `'deleted'`: there are no more, and there is no other one.
   */
  async next(): Promise<Buffer | 'ended' | 'deleted' | undefined> {
    for (;;) {
      if (this.#file === undefined && !(await this.#openFirst())) return undefined
      const chunk = await this.#readChunk(this.#file!)
      if (chunk === 'changed') {
        if (!(await this.#moveToCopy())) await this.#beginAnew()
        continue
      }
      if (this.#at < longestOverlap && (await this.#moveToCopy(true))) continue
      if (chunk !== undefined) return this.#taken(chunk)
      this.#size = this.#at
      const next = await this.#findNext(this.#file!)
      if (next === 'again') continue
      if (typeof next !== 'object') return next
      this.#next = next
      return 'ended'
    }
  }

  /** Goes on to the file behind the one that has ended. */
  goOn(): void {
    void this.#file?.handle.close()
    this.#file = this.#next!
    this.#next = undefined
    this.#at = this.#size = 0
    this.#last = Buffer.alloc(0)
    this.#options.stream.begin(createPassedBytes(), 0)
  }

  async close(): Promise<void> {
    await Promise.all([this.#file?.handle.close(), this.#next?.handle.close()])
  }

  async #read(file: Opened, at: Position): Promise<void> {
    const before = Buffer.alloc(Math.min(longestOverlap, at))
    await file.handle.read(before, 0, before.length, at - before.length)
    this.#file = file
    this.#at = at
    this.#last = before
    this.#size = (await file.handle.stat()).size
  }

  async #beginFirst(then?: Fingerprint): Promise<void> {
    await this.#noteRotated(then)
    this.#options.stream.begin(createPassedBytes(), 0)
    await this.#openFirst()
  }

  /** The file at the path, or one that has been rotated away since we wait for one. */
  async #openFirst(): Promise<boolean> {
    const file = await nextOf(this.#options, undefined, (rotated) => rotated.filter((one) => this.#isNew(one)))
    if (file !== undefined) await this.#read(file, 0)
    return file !== undefined
  }

  /** What is rotated away by now, or was then, is behind us. To be called before the file is opened that is read next. */
  async #noteRotated(then?: Fingerprint): Promise<void> {
    const { path, isOwn } = this.#options
    const there = await rotatedFrom(path, isOwn)
    const newer = new Set(then && newerThan(there, then))
    const known = there.filter((one) => !newer.has(one))
    this.#known = new Set(known.map(({ ino }) => ino))
    this.#rotated = then?.rotated ?? known.at(-1)?.changed ?? 0
    this.#newest = then?.newest ?? known.at(-1)?.ino ?? 0
  }

  /** It was rotated away since. */
  #isNew({ ino, changed }: Neighbour): boolean {
    return changed >= this.#rotated && !this.#known.has(ino)
  }

  async #readChunk({ handle }: Opened): Promise<Buffer | 'changed' | undefined> {
    const overlap = this.#last.length
    const buffer = Buffer.allocUnsafeSlow(overlap + chunkLength)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#at - overlap)
    if (bytesRead < overlap || this.#last.compare(buffer, 0, overlap) !== 0) return 'changed'
    return bytesRead === overlap ? undefined : buffer.subarray(0, bytesRead)
  }

  /** Goes on behind these bytes, the first of which were read before. */
  #taken(bytes: Buffer): Buffer {
    const overlap = this.#last.length
    this.#at += bytes.length - overlap
    this.#last = Buffer.from(bytes.subarray(-longestOverlap))
    return bytes.subarray(overlap)
  }

  /**
   * The file at the path was truncated: goes on in what it was copied to before. `isSame`: it looks as if it were not,
   * and may only have been read too little for that.
   */
  async #moveToCopy(isSame = false): Promise<boolean> {
    const { path, isOwn, stream } = this.#options
    const file = this.#file!
    const copies = async () => {
      const rotated = await rotatedFrom(path, isOwn)
      return copiesOf(
        path,
        file,
        rotated.filter((one) => this.#isNew(one) || one.ino === file.ino),
      )
    }
    const has = (copy: FileHandle) => hasPassed(copy, stream.passed()!, this.#at)
    const copy = await copyIn(copies, has, isSame ? file.handle : undefined)
    if (copy === undefined) return false
    await file.handle.close()
    this.#file = copy.file
    if ((await copy.file.handle.stat()).size < this.#at) this.#last = Buffer.alloc(0)
    return true
  }

  /** There is something else in the file, and what was there is gone. */
  async #beginAnew(): Promise<void> {
    const { path, onChange, stream } = this.#options
    const { size } = await this.#file!.handle.stat()
    const found = `${size < this.#at ? `a file of ${size} bytes` : 'other bytes there'}${missing(this.#size - this.#at)}`
    if (onChange === 'stop') throw sourceChanged(path, this.#at, found)
    stream.restart(found)
    await this.#noteRotated()
    await this.#read(this.#file!, 0)
  }

  /** `'again'`: something was written to this one meanwhile. */
  async #findNext(file: Opened): Promise<Opened | 'again' | 'deleted' | undefined> {
    const { path } = this.#options
    const there = await ifThere(stat(path))
    if (there?.ino === file.ino) return undefined
    await this.#noteRotated()
    const { mtimeMs, nlink } = await file.handle.stat()
    const next = await nextOf(this.#options, file, (rotated) => {
      const at = rotated.findIndex(({ ino }) => ino === file.ino)
      return at < 0 ? rotated.filter(({ changed }) => changed > mtimeMs) : rotated.slice(at + 1)
    })
    if (next === undefined) return nlink === 0 ? 'deleted' : undefined
    // Who writes has both open for a while; what is at the path is written to last.
    const isBegun = file.isCopy || next.ino !== there?.ino || (await next.handle.stat()).size > 0
    const { size } = await file.handle.stat()
    if (isBegun && size <= this.#at) return next
    await next.handle.close()
    return isBegun ? 'again' : undefined
  }
}

const missing = (atLeast: number): string =>
  `, and what the other one had behind it is not there (${Math.max(0, atLeast)} bytes, as far as they were seen)`
