export type Options = Record<string, unknown>

/** A public function, how it is called with options that are in order, and one of them with swapped letters. */
export interface Row {
  readonly name: string
  readonly call: (options: never) => unknown
  readonly options: Options
  /** An option it knows, written wrong. */
  readonly typo: readonly [wrong: string, right: string]
  /** It may be called without. */
  readonly optional?: boolean
}
