import { failureOf, WallarxError, type Where } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { Context } from '../context/context.ts'
import type { StateResult } from './computation.ts'
import type { Output } from './output.ts'

/**
 * What an operation does with what user code threw: makes an error with a code of it and reports it to the context,
 * which makes it a dead letter, or fails the output.
 */
export function failWith<In>(
  output: Output<never>,
  { report }: Context,
  toError: (thrown: unknown, message: In) => WallarxError,
): (thrown: unknown, message: In) => void {
  return (thrown, message) => {
    const error = toError(thrown, message)
    if (!report.reject(error, message)) output.error(error)
  }
}

/** The same where state is kept that may be half changed: no checkpoint may see that, whatever `onError` says. */
export function poisonWith<In>(
  output: Output<never>,
  { report }: Context,
  toError: (thrown: unknown, message: In) => WallarxError,
): (thrown: unknown, message: In) => void {
  return (thrown, message) => {
    const error = toError(thrown, message)
    output.error(error)
    report.poison(error)
  }
}

/** Makes `COMPUTATION_FAILED` of what a computation threw. */
export function computationFailure(where: Where): (thrown: unknown, message: unknown) => WallarxError {
  return (thrown, message) =>
    failureOf('COMPUTATION_FAILED', `the computation to take ${shown(message)}`, thrown, where)
}

/** A promise where no `concurrency` was given. Its rejection is seen to here, since nobody else will. */
export function noPromise(promise: Promise<unknown>, where: Where): WallarxError {
  promise.catch(() => undefined)
  return new WallarxError('RESULT_INVALID', {
    expected: 'a result at once, or the option `concurrency` for a computation that returns promises',
    got: 'a promise',
    where,
  })
}

/** A state computation that gave something else than a pair. */
export function invalidStateResult(result: unknown, where: Where): WallarxError {
  if (result instanceof Promise) return noPromise(result, where)
  return new WallarxError('RESULT_INVALID', {
    expected: 'the state computation to give [output | undefined, stateChanged]',
    got: shown(result),
    where,
  })
}

/** Throws `RESULT_INVALID` where a state computation gave something else than a pair. */
export function checkStateResult<Out>(result: unknown, where: Where): asserts result is StateResult<Out> {
  if (typeof (result as Partial<StateResult<Out>> | undefined)?.[1] !== 'boolean')
    throw invalidStateResult(result, where)
}

/** A result of a multi computation that cannot be iterated. */
export function invalidOutputs(outputs: unknown, where: Where): WallarxError {
  if (outputs instanceof Promise) return noPromise(outputs, where)
  return new WallarxError('RESULT_INVALID', {
    expected: 'an array or another iterable of outputs, or undefined',
    got: shown(outputs),
    where,
  })
}
