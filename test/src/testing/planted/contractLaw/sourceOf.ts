import { type Observable } from 'rxjs'
import { createSource } from '../../../../../src/source/source.ts'
import type { Context } from '../../../../../src/context/context.ts'
import type { Output } from '../../../../../src/step/output.ts'

/** A source of ours in all but what `emit` does with a message. */
export const sourceOf =
  (start: (messages: readonly number[], context: Context, output: Output<number>) => () => void) =>
  (messages: readonly number[]): Observable<number> =>
    createSource<number>({ name: 'planted', kind: 'test' }, ({ output, context }) => start(messages, context, output))
