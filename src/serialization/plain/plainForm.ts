import type { StateEntries } from '../../state/entries.ts'

/**
 * What msgpackr carries faithfully, and how everything else in a state is written with it:
 *
 *   plain   := undefined | null | true | false | number | bigint | text | Date | Buffer | [plain …] | {text: plain …}
 *            | special
 *   text    := a string without lone surrogates that does not begin with U+FEFF; as a name not "__proto__" either
 *   number  := a number but -0
 *   special := Set([[tag, …]])                   a Set of one array; no other Set is ever written
 *
 *   0 n                    what was met as the nth object (see below): it is shared, or contains itself
 *   1 plain …              Set
 *   2 (plain plain) …      Map: keys and values by turns
 *   3 bare (plain plain) … object with a name that is no text, or (bare is true) without prototype: names and values
 *   4                      a hole of an array
 *   5                      -0
 *   6 Buffer               string, UTF-16 in little endian
 *   7 text Buffer          ArrayBuffer, DataView or typed array: its class and its bytes, in the order of this machine
 *   8 plain plain number   RegExp: source, flags and lastIndex
 *   9 id size nextOrder    StateMap; its entries are elsewhere
 *   10 id size nextOrder   StateSet
 *   11 level plain         object that takes no further properties: 1 otherwise as it was, 2 sealed, 3 frozen
 *
 * Objects are counted as they are met, a whole before its parts, parts in the order that they are written. What needs
 * no change is not copied, so that plain objects and arrays cost no more than a look at each value.
 *
 * What msgpackr does to the rest when it is left alone, version 2.1.3: -0 becomes 0, a lone surrogate or a U+FEFF at
 * the start of more than 64 bytes is lost, "__proto__" becomes "__proto_", an instance of a class a plain object, a
 * function undefined, a shared object two. Its option structuredClone cures the last alone, and takes as long as all
 * this. Extensions of our own would be there for everyone in the process who uses msgpackr.
 */
export const tags = {
  reference: 0,
  set: 1,
  map: 2,
  object: 3,
  hole: 4,
  negativeZero: 5,
  utf16: 6,
  bytes: 7,
  regExp: 8,
  stateMap: 9,
  stateSet: 10,
  fixed: 11,
} as const

/** Something in a state that cannot be carried. */
export class NotPlain extends Error {
  readonly path: string
  readonly expected: string
  readonly got: string

  constructor(path: string, expected: string, got: string) {
    super(`${path}: ${got}`)
    this.path = path
    this.expected = expected
    this.got = got
  }
}

/** What to do with a StateMap or StateSet that is met; `path` is asked for only where it is needed. Returns its id. */
export type OnEntries = (entries: StateEntries<unknown>, path: () => string) => number

/** Makes a StateMap's or StateSet's entries those that were packed. */
export type OnRestore = (
  entries: StateEntries<unknown>,
  packed: { readonly id: number; readonly size: number; readonly nextOrder: number },
) => void

export const special = (...parts: unknown[]): Set<unknown[]> => new Set([parts])

/**
 * Is each surrogate of the string one of a pair? TypeScript's library of ES2023 does not know this method of Node 20.
 */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

/** Does msgpackr give this string back as it is? */
export function isText(text: string): boolean {
  return isWellFormed(text) && text.charCodeAt(0) !== 0xfeff
}

export const isName = (name: string): boolean => isText(name) && name !== '__proto__'
