import fc from 'fast-check'
import type { LawOptions } from 'wallarx/testing'

/** A law over a thing with a bug that it must find. */
export interface Planted {
  readonly law: string
  readonly bug: string
  readonly check: (options: LawOptions) => Promise<void>
}

export const numbers = fc.array(fc.nat(99), { maxLength: 12 })
