import type * as StateCodec from '../../../src/stateCodec.ts'

/** The state codec as it is built: no public export, and measured as it is published. */
export const { createStateCodec } = (await import(
  new URL('../../../dist/src/stateCodec.js', import.meta.url).href
)) as typeof StateCodec
