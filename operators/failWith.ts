import type { Context } from '../src/context.ts'
import type { WallarxError } from '../src/errors.ts'
import type { Output } from '../src/output.ts'

/**
 * What an operation does with what user code threw: makes an error with a code of it and reports it to the context, which
 * makes it a dead letter, or fails the output.
 */
export function failWith<In>(
  output: Output<never>,
  { reject }: Context,
  toError: (thrown: unknown, message: In) => WallarxError,
): (thrown: unknown, message: In) => void {
  return (thrown, message) => {
    const error = toError(thrown, message)
    if (!reject(error, message)) output.error(error)
  }
}
