import type * as StateCodec from '../../../src/serialization/codec.ts'

/** The state codec as it is built: no public export, and measured as it is published. */
export const { createStateCodec } = (await import(
  new URL('../../../dist/src/serialization/codec.js', import.meta.url).href
)) as typeof StateCodec
