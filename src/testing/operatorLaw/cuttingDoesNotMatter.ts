import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import fc from 'fast-check'
import { from, type OperatorFunction } from 'rxjs'
import { cutAt, cuts, shownChunks } from '../generator/cuts.ts'
import { expectSameSeen, seenOf, type Same } from '../law/probe.ts'

/** Of the law that cutting does not matter. */
export interface CuttingOptions<Out> extends LawOptions {
  /** Byte streams, such as `framed(payloads, framing)` gives them. One in four is cut off somewhere. */
  readonly bytes: fc.Arbitrary<Uint8Array | { readonly bytes: Uint8Array }>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/**
 * The law that the chunks in which a byte stream arrives make no difference: any way of cutting it, empty chunks too,
 * leads to the outputs and the end that the whole stream in one chunk leads to.
 *
 * @param build makes the operator anew: a framing, a decoder of chunks, or a pipe that begins with one
 * @example
 * ```ts
 * import { delimited, utf8 } from 'wallarx'
 * import { decode, frame } from 'wallarx/operators'
 * import { cuttingDoesNotMatter, framed } from 'wallarx/testing'
 * import { pipe } from 'rxjs'
 *
 * const bytes = framed(undefined, delimited())
 * await cuttingDoesNotMatter(() => pipe(frame(delimited()), decode(utf8)), { bytes })
 * await assert.rejects(cuttingDoesNotMatter(() => decode(utf8), { bytes }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function cuttingDoesNotMatter<Out>(
  build: () => OperatorFunction<Buffer, Out>,
  input: CuttingOptions<Out>,
): Promise<void> {
  const { bytes, same, ...options } = knownOptions('cuttingDoesNotMatter', input, {
    bytes: true,
    same: true,
    ...lawOptions,
  })
  const stream = fc.tuple(bytes, cutShort).map(([given, upTo]) => {
    const whole = given instanceof Uint8Array ? given : given.bytes
    return upTo === undefined ? whole : whole.subarray(0, upTo % (whole.length + 1))
  })
  await checkLaw({
    law: 'the way in which bytes are cut into chunks makes no difference',
    where: { law: 'cuttingDoesNotMatter' },
    input: recordOf({ bytes: stream, cuts }),
    async holds(input) {
      const chunk = Buffer.from(input.bytes)
      const whole = await seenOf(from(chunk.length === 0 ? [] : [chunk]).pipe(build()))
      const cut = await seenOf(from(cutAt(Buffer.from(input.bytes), input.cuts)).pipe(build()))
      expectSameSeen(cut, whole, same)
    },
    show: (input) => shownChunks(cutAt(input.bytes, input.cuts)),
    options,
  })
}

const cutShort = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.nat(0xffff) },
)
