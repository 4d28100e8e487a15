import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, type LawOptions } from '../law/law.ts'
import fc from 'fast-check'
import type { Serde } from '../../state/serde.ts'
import { createStateCodec, type PackedState } from '../../serialization/codec.ts'
import type { StatePartition } from '../../state/statePartition.ts'
import { Breach } from '../law/breach.ts'
import { difference, shownValue } from '../law/difference.ts'
import { createEntityBytes } from './entityBytes.ts'
import type { Same } from '../law/probe.ts'
import { WallarxError } from '../../base/errors.ts'

/** Of the law that a serde loses nothing. */
export interface SerdeOptions<State> extends LawOptions {
  /** States that computations may leave behind. */
  readonly states: fc.Arbitrary<State>
  /**
   * Default: deep equality that tells `undefined` from absent and -0 from 0. It does not see private fields: a class
   * that has them wants an own one
   */
  readonly same?: Same<State> | undefined
  /**
   * Whether a state may be refused with `STATE_NOT_SERIALIZABLE` instead: nothing is lost in silence then.
   * Default: `false`
   */
  readonly mayRefuse?: boolean | undefined
}

/**
 * The law that a serde loses nothing: a state that a checkpoint has packed comes back equal, and so it does once more
 * when it is packed again after a restart; packing does not change it.
 *
 * @param build makes the serde anew, or a state partition: its serde, or without one the package's own packing
 * @example
 * ```ts
 * import { serdeLosesNothing } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const json = {
 *   serialize: (state: { at: Date }) => Buffer.from(JSON.stringify(state)),
 *   deserialize: (bytes: Uint8Array) => JSON.parse(String(bytes)) as { at: Date },
 * }
 * const states = fc.record({ at: fc.date() })
 * await assert.rejects(serdeLosesNothing(() => json, { states }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function serdeLosesNothing<State>(
  build: () => Serde<State> | StatePartition<never, State>,
  input: SerdeOptions<State>,
): Promise<void> {
  const known = { states: true, same: true, mayRefuse: true, ...lawOptions } as const
  const { states, same, mayRefuse = false, ...options } = knownOptions('serdeLosesNothing', input, known)
  /** `undefined` for a state that may be refused and is. */
  const pack = (work: () => PackedState): PackedState | undefined => {
    try {
      return work()
    } catch (error) {
      if (mayRefuse && error instanceof WallarxError && error.code === 'STATE_NOT_SERIALIZABLE') return undefined
      throw error
    }
  }
  await checkLaw({
    law: 'a state that was stored comes back equal',
    where: { law: 'serdeLosesNothing' },
    // Equal values that share nothing: one is packed, the others show what it was.
    input: fc.clone(states, 2),
    holds([state, original]) {
      const built = build()
      const serde = 'serialize' in built ? built : built.serde
      const expectOriginal = (got: State, what: string): void => {
        const found =
          same === undefined
            ? difference(got, original)
            : same(got, original)
              ? undefined
              : `${shownValue(got)} in place of ${shownValue(original)}`
        if (found !== undefined) throw new Breach(`${what}: ${found}`)
      }

      const stored = createEntityBytes()
      // A codec for each process that reads or writes: after a restart nothing is known of what was packed before.
      const codec = (): ReturnType<typeof createStateCodec<State>> => createStateCodec<State>({ name: 'state', serde })
      const packed = pack(() => codec().pack(state, 1))
      if (packed === undefined) return
      stored.commit(packed)
      expectOriginal(state, 'after packing')
      const second = codec()
      const restored = second.unpack(stored.bytes(), 1, stored.entriesOf)
      expectOriginal(restored, 'after a restart')
      stored.commit(second.pack(restored, 1))
      expectOriginal(codec().unpack(stored.bytes(), 1, stored.entriesOf), 'after a second restart')
    },
    show: ([, original]) => fc.stringify(original),
    options,
  })
}
