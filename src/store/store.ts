/* Where what must outlast a process is kept: what a store is, each kind of it, and the file of a backup. */

import { WallarxError, type Where } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/**
 * Where what must outlast a process is kept: an ordered map from bytes to bytes that changes by atomic commits. Opened
 * by one owner at a time; once closed it may be opened again, and holds what was committed.
 */
export interface Store {
  /** Stands in errors and status: `lmdb ./word-count-data`. */
  readonly name: string
  /**
   * Rejects with `STORE_IN_USE` while another owner has it open, with `STORE_FROM_NEWER_VERSION`, and with
   * `STORE_FAILED` where it cannot be opened.
   */
  open(): Promise<OpenStore>
}

/**
 * One entry that a commit puts in place of whatever is there; `undefined` as value removes it, if it is there. The
 * bytes belong to the store from the call of `commit` on, which copies none of them: they must not change any more.
 */
export interface Change {
  /** 1 to 1,900 bytes. */
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/**
 * Reads are synchronous and see every commit that was begun, also before it is durable. The bytes they are asked for
 * may be used again after the call, those returned are the caller's to keep and to change. Those given to `commit`
 * belong to the store.
 *
 * A key that is empty or longer than 1,900 bytes is `STORE_KEY_EMPTY` or `STORE_KEY_TOO_LONG`; what is called after
 * `close` is `STORE_CLOSED`: thrown by reads, a rejection from `commit`.
 */
export interface OpenStore {
  /** Throws `STORE_FAILED` where the store cannot be read. */
  get(key: Uint8Array): Buffer | undefined
  /**
   * The entries whose key begins with `prefix`, all of them if it is empty, in the order of keys as unsigned bytes, as
   * they are when the iteration begins; commits may go on meanwhile. `for…of` ends an iteration however it is left; who
   * calls `next` calls `return` too, since an open iteration keeps what it may still show from being reclaimed.
   *
   * `from` is a hint: who gives it leaves out the entries whose key lies before it, so a store need not show them.
   */
  range(prefix: Uint8Array, from?: Uint8Array): Iterable<StoreEntry>
  /**
   * Applies all changes or none, the last one to a key being the one that counts. Commits are applied in the order of
   * the calls, each may be begun before the one before it has resolved, and each begun costs memory for its changes
   * until it settles. A store that writes to a disk does not even look at the changes during the call, which takes no
   * longer the more there are: it does so in a later turn of the event loop, or at the first read.
   *
   * Resolves when the changes are as durable as the store makes them. Rejects with `STORE_FAILED` when that is not
   * possible: then nothing of them is there, reads no longer see them, and the commits that were begun after it, and
   * may rest on what they read, are rejected with the same cause. A commit that is begun later is tried again.
   *
   * A crash leaves every commit that has resolved, and of those that have not any number of the first, each whole.
   */
  commit(changes: readonly Change[]): Promise<void>
  /**
   * Waits for the commits that were begun, whatever becomes of them, then lets go of the store. Idempotent. Rejects
   * with `STORE_FAILED` where what was committed could not be tidied up; it is closed then, too, and nothing committed
   * is lost.
   */
  close(): Promise<void>
}

/** One entry as a store gives it. */
export interface StoreEntry {
  readonly key: Buffer
  readonly value: Buffer
}

/** The longest key of a store, in bytes. */
export const longestStoreKey = 1900

/** Throws `STORE_KEY_EMPTY` and `STORE_KEY_TOO_LONG`. */
export function checkStoreKey(key: Uint8Array, where: Where): void {
  if (key.length > 0 && key.length <= longestStoreKey) return
  throw new WallarxError(key.length === 0 ? 'STORE_KEY_EMPTY' : 'STORE_KEY_TOO_LONG', {
    expected: `a key of 1 to ${longestStoreKey} bytes`,
    got: `one of ${key.length}`,
    where,
  })
}

/** Throws as `checkStoreKey` does, and a `TypeError` where a key or a value is no bytes. */
export function checkChanges(changes: readonly Change[], where: Where): void {
  for (const { key, value } of changes) {
    if (!((key as unknown) instanceof Uint8Array))
      throw new TypeError(`the key of a change must be bytes, not ${shown(key)}`)
    checkStoreKey(key, where)
    if (value !== undefined && !((value as unknown) instanceof Uint8Array)) {
      throw new TypeError(`the value of a change must be bytes or undefined, not ${shown(value)}`)
    }
  }
}

export function storeClosed(where: Where): WallarxError {
  return new WallarxError('STORE_CLOSED', { expected: 'a store that is open', got: 'one that was closed', where })
}

/** `owner` is a noun phrase: `process 17 on host a`. */
export function storeInUse(owner: string, where: Where): WallarxError {
  return new WallarxError('STORE_IN_USE', {
    expected: 'a store that nobody has open',
    got: `one that ${owner} has open`,
    where,
  })
}

/** Bytes as a string of one character each: to be found in a `Map`, and ordered as the bytes are. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
