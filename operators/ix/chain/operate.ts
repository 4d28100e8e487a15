import { AsyncIterableX } from 'ix/asynciterable/asynciterablex'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { Step } from '../../../src/step/step.ts'
import { Chain } from './chain.ts'

/**
 * Every Ix operator of this package is made here, from the same step as its Rx twin. Neighbours among our operators
 * become one chain of steps over what is upstream of them all, so that a message passes from one to the next by a call.
 */
export function operate<In, Out>(step: Step<In, Out>): OperatorAsyncFunction<In, Out> {
  return (source) => Operated.of(source, step)
}

class Operated<Out> extends AsyncIterableX<Out> {
  readonly #source: AsyncIterable<unknown>
  readonly #steps: readonly Step<never, unknown>[]

  static of<In, Out>(source: AsyncIterable<In>, step: Step<In, Out>): Operated<Out> {
    return #steps in source ? new Operated(source.#source, [...source.#steps, step]) : new Operated(source, [step])
  }

  private constructor(source: AsyncIterable<unknown>, steps: readonly Step<never, unknown>[]) {
    super()
    this.#source = source
    this.#steps = steps
  }

  override [Symbol.asyncIterator](signal?: AbortSignal): AsyncIterator<Out> {
    return new Chain<Out>(this.#source, this.#steps, signal)
  }
}
