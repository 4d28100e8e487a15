import { stat, type FileHandle } from 'node:fs/promises'
import { createPassedBytes } from '../../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../../context/endpoint.ts'
import { ifThere, sourceChanged } from '../open.ts'
import { FileReader, longestOverlap, readHead } from '../reader.ts'
import type { FileStream } from '../stream.ts'
import { copiesOf, copyIn, hasPassed } from './copies.ts'
import { locate, nextOf } from './locate.ts'
import type { Opened } from './opened.ts'
import { isSince, rotatedAway, rotatedFrom, type Followed, type RotatedAway } from './rotated.ts'

export interface FollowedFileOptions extends Followed {
  readonly restored: Position | undefined
  /** Of `restored`. */
  readonly fingerprint: Fingerprint | undefined
  readonly onChange: 'stop' | 'restart'
  readonly stream: FileStream
  /** What is not read, and somebody should know of. */
  readonly warn: (event: string, code: string) => void
}

/** How often a file that was left is looked at again, to tell what is still written to it. */
const looksBehind = 100

/**
 * A file that is read as it grows, and what takes its place at its path after it, each once: one that was renamed is
 * read to its end first, and so is what a truncated one was copied to.
 */
export class FollowedFile {
  readonly #options: FollowedFileOptions
  #file: Opened | undefined
  /** Of the file. */
  #reader!: FileReader
  /** The size that it was seen to have. */
  #size = 0
  /** What was rotated away before it was opened. */
  #behind: RotatedAway = { known: new Set(), changed: 0, newest: 0 }
  /** Read to its end, and left. */
  #left: { readonly handle: FileHandle; readonly size: number; looks: number } | undefined
  /** Opened, and read when the one before has been told to have ended. */
  #next: { readonly file: Opened; readonly behind: RotatedAway } | undefined

  constructor(options: FollowedFileOptions) {
    this.#options = options
  }

  /** Whether there was one to open. */
  get isOpen(): boolean {
    return this.#file !== undefined
  }

  /** By what, besides its content, the file that is open is found again. */
  get identity(): Fingerprint {
    const { changed: rotated, newest } = this.#behind
    if (this.#file === undefined) return { size: 0, rotated, newest }
    return { ino: this.#file.ino, size: Math.max(this.#size, this.#reader.at), rotated, newest }
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
      this.#behind = await rotatedAway(this.#options, fingerprint)
      await this.#readFrom(located.file, restored)
      stream.begin(located.before, restored)
      await readHead(located.file.handle, restored, stream.head())
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
      const chunk = await this.#reader.read()
      if (chunk === 'changed') {
        if (!(await this.#moveToCopy())) await this.#beginAnew(this.#file!)
        continue
      }
      if (this.#isYoung && (await this.#moveToCopy(true))) continue
      if (chunk !== undefined) return this.#reader.take(chunk)
      this.#size = this.#reader.at
      const end = await this.#endOf(this.#file!)
      if (end === undefined) await this.#lookBehind()
      if (end !== 'again') return end
    }
  }

  /** Goes on to the file behind the one that has ended. */
  goOn(): void {
    const { file, behind } = this.#next!
    void this.#left?.handle.close()
    this.#left = this.#file && { handle: this.#file.handle, size: this.#reader.at, looks: looksBehind }
    this.#next = undefined
    this.#file = file
    this.#behind = behind
    this.#reader = new FileReader(file.handle, 0)
    this.#size = 0
    this.#options.stream.begin(createPassedBytes(), 0)
  }

  async close(): Promise<void> {
    for (const open of [this.#left, this.#file, this.#next?.file]) await open?.handle.close()
  }

  /** Who writes has to have begun the file at the path last: what comes to the one before it is too late. */
  async #lookBehind(): Promise<void> {
    const left = this.#left
    if (left === undefined) return
    const late = (await left.handle.stat()).size - left.size
    if (late > 0) {
      const what = `${late} bytes were written to a file that was rotated away, after the one in its place had begun`
      this.#options.warn(`${what}: they are not processed`, 'SOURCE_WRITTEN_LATE')
    } else if (--left.looks > 0) return
    this.#left = undefined
    await left.handle.close()
  }

  /** So little of it was read that a truncation may not show. */
  get #isYoung(): boolean {
    return this.#reader.at < longestOverlap
  }

  async #readFrom(file: Opened, at: Position): Promise<void> {
    const reader = new FileReader(file.handle, at)
    await reader.lookBack()
    this.#size = (await file.handle.stat()).size
    this.#reader = reader
    this.#file = file
  }

  async #beginFirst(then?: Fingerprint): Promise<void> {
    this.#behind = await rotatedAway(this.#options, then)
    this.#options.stream.begin(createPassedBytes(), 0)
    await this.#openFirst()
  }

  /** The file at the path, or one that has been rotated away since we wait for one. */
  async #openFirst(): Promise<boolean> {
    const file = await nextOf(this.#options, undefined, (rotated) =>
      rotated.filter((one) => isSince(one, this.#behind)),
    )
    if (file !== undefined) await this.#readFrom(file, 0)
    return file !== undefined
  }

  /**
   * The file at the path was truncated: goes on in what it was copied to before. `isSame`: it looks as if it were not,
   * and may only have been read too little for that.
   */
  async #moveToCopy(isSame = false): Promise<boolean> {
    const file = this.#file!
    const { at } = this.#reader
    const copies = async () => {
      const rotated = await rotatedFrom(this.#options)
      const since = rotated.filter((one) => isSince(one, this.#behind) || one.ino === file.ino)
      return copiesOf(this.#options.path, file, since)
    }
    const isCopy = (copy: FileHandle) => hasPassed(copy, this.#options.stream.passed()!, at)
    const copy = await copyIn(copies, isCopy, isSame ? file.handle : undefined)
    if (copy === undefined) return false
    await file.handle.close()
    const reader = new FileReader(copy.file.handle, at)
    if ((await copy.file.handle.stat()).size >= at) await reader.lookBack()
    this.#reader = reader
    this.#file = copy.file
    return true
  }

  /** There is something else in the file, and what was there is gone. */
  async #beginAnew(file: Opened): Promise<void> {
    const { path, onChange, stream } = this.#options
    const { at } = this.#reader
    const { size } = await file.handle.stat()
    const found = `${size < at ? `a file of ${size} bytes` : 'other bytes there'}${missing(this.#size - at)}`
    if (onChange === 'stop') throw sourceChanged(path, at, found)
    stream.restart(found)
    this.#behind = await rotatedAway(this.#options)
    await this.#readFrom(file, 0)
  }

  /** What comes behind all that was read of this one; `'again'`: more of it, by now. */
  async #endOf(file: Opened): Promise<'ended' | 'deleted' | 'again' | undefined> {
    const there = await ifThere(stat(this.#options.path))
    if (there?.ino === file.ino) return undefined
    const behind = await rotatedAway(this.#options)
    const { mtimeMs, nlink } = await file.handle.stat()
    const next = await nextOf(this.#options, file, (rotated) => {
      const at = rotated.findIndex(({ ino }) => ino === file.ino)
      return at < 0 ? rotated.filter(({ changed }) => changed > mtimeMs) : rotated.slice(at + 1)
    })
    if (next === undefined) return nlink === 0 ? 'deleted' : undefined
    this.#next = { file: next, behind }
    // Who writes may have both open for a while; the one at the path is written to last.
    const isBegun = file.isCopy || next.ino !== there?.ino || (await next.handle.stat()).size > 0
    const hasMore = (await file.handle.stat()).size > this.#reader.at
    // Nobody truncates it any more.
    if (isBegun && !hasMore && !(this.#isYoung && (await this.#moveToCopy(true)))) return 'ended'
    this.#next = undefined
    await next.handle.close()
    return isBegun ? 'again' : undefined
  }
}

const missing = (atLeast: number): string =>
  `, and what the other one had behind it is not there (${Math.max(0, atLeast)} bytes, as far as they were seen)`
