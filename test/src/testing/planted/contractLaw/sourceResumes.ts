import fc from 'fast-check'
import { fromAsyncIterable } from 'wallarx'
import { sourceResumes, type LawOptions } from 'wallarx/testing'
import { createSource } from '../../../../../src/source/source.ts'
import { numbers, type Planted } from '../planted.ts'

export const planted: Planted[] = [
  {
    law: 'sourceResumes',
    bug: 'a source without positions',
    check: (options) => sourceResumes((some) => fromAsyncIterable(some), { messages: numbers, ...options }),
  },
  ...[
    { bug: 'a source that counts the message at hand as not read', off: -1 },
    { bug: 'a source that counts a message that is not read yet', off: 1 },
  ].map(({ bug, off }) => ({
    law: 'sourceResumes',
    bug,
    check: (options: LawOptions) =>
      sourceResumes(
        (some: readonly number[]) =>
          createSource<number>({ name: 'planted', kind: 'test' }, ({ output, context, restored = 0, positionFrom }) => {
            let at = restored
            positionFrom(() => Math.max(0, at + off))
            const timer = setInterval(() => {
              if (context.backPressure.holds.held) return
              if (at >= some.length) output.complete()
              else output.next(some[at++]!)
            }, 0)
            return () => {
              clearInterval(timer)
            }
          }),
        { messages: fc.uniqueArray(fc.nat(99), { maxLength: 8 }), ...options },
      ),
  })),
]
