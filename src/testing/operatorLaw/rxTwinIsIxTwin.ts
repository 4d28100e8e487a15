import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, type LawOptions } from '../law/law.ts'
import { from } from 'rxjs'
import type * as fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { expectSameSeen, seenOf, type Probe, type Same } from '../law/probe.ts'

export interface TwinOptions<In, Out> extends LawOptions {
  readonly input: fc.Arbitrary<readonly In[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/**
 * The law that two twins are one: what is pushed through the Rx operator and what is pulled through the Ix operator
 * gives the same outputs in the same order, and ends in the same way. Of errors the code counts, or the name.
 *
 * @param rx makes the Rx operator, or pipe, anew
 * @param ix makes its twin anew
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { map } from 'rxjs'
 * import { rxTwinIsIxTwin } from 'wallarx/testing'
 *
 * async function* doubled(source: AsyncIterable<number>) {
 *   for await (const n of source) yield 2 * n
 * }
 * await rxTwinIsIxTwin(() => map((n: number) => 2 * n), () => doubled, { input: fc.array(fc.nat()) })
 * await assert.rejects(
 *   rxTwinIsIxTwin(() => map((n: number) => n + n * n), () => doubled, { input: fc.array(fc.nat()) }),
 *   { code: 'LAW_BROKEN' },
 * )
 * ```
 */
export async function rxTwinIsIxTwin<In, Out>(
  rx: () => OperatorFunction<In, Out>,
  ix: () => (source: AsyncIterable<In>) => AsyncIterable<Out>,
  given: TwinOptions<In, Out>,
): Promise<void> {
  const { input, same, ...options } = knownOptions('rxTwinIsIxTwin', given, { input: true, same: true, ...lawOptions })
  await checkLaw({
    law: 'the Ix twin gives what the Rx twin gives',
    where: { law: 'rxTwinIsIxTwin' },
    input,
    async holds(messages) {
      expectSameSeen(await pulled(ix()(asynchronous(messages))), await seenOf(from(messages).pipe(rx())), same)
    },
    options,
  })
}

async function* asynchronous<In>(messages: readonly In[]): AsyncGenerator<In> {
  for (const message of messages) {
    await Promise.resolve()
    yield message
  }
}

/** What an AsyncIterable gives, in the form in which what an Observable gives is seen. */
async function pulled<Out>(iterable: AsyncIterable<Out>): Promise<Probe<Out>> {
  const outputs: Out[] = []
  let end: Probe<Out>['end'] = { kind: 'completion' }
  try {
    for await (const output of iterable) outputs.push(output)
  } catch (error) {
    end = { kind: 'error', error }
  }
  return { outputs, end, strays: [], ended: Promise.resolve(), unsubscribe: () => undefined }
}
