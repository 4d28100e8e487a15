import type { OperatorAsyncFunction } from 'ix/interfaces'

/**
 * What `pipe` of an `AsyncIterableX` gives where an operator does not take what the one before it gives: nothing can be
 * done with it, so that whoever tries is told. (The last overload that ix itself has takes operators of anything, and
 * gives an iterable of `any`.)
 */
export interface OperatorsDoNotFit {
  readonly 'an operator does not take what the one before it gives': never
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- otherwise lambdas are inferred differently
type OfAnything = OperatorAsyncFunction<any, any>

declare module 'ix/asynciterable/asynciterablex' {
  interface AsyncIterableX<T> {
    pipe(): AsyncIterableX<T>
    pipe<A>(op1: OperatorAsyncFunction<T, A>): AsyncIterableX<A>
    pipe<A, B>(op1: OperatorAsyncFunction<T, A>, op2: OperatorAsyncFunction<A, B>): AsyncIterableX<B>
    pipe<A, B, C>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
    ): AsyncIterableX<C>
    pipe<A, B, C, D>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
    ): AsyncIterableX<D>
    pipe<A, B, C, D, E>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
      op5: OperatorAsyncFunction<D, E>,
    ): AsyncIterableX<E>
    pipe<A, B, C, D, E, F>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
      op5: OperatorAsyncFunction<D, E>,
      op6: OperatorAsyncFunction<E, F>,
    ): AsyncIterableX<F>
    pipe<A, B, C, D, E, F, G>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
      op5: OperatorAsyncFunction<D, E>,
      op6: OperatorAsyncFunction<E, F>,
      op7: OperatorAsyncFunction<F, G>,
    ): AsyncIterableX<G>
    pipe<A, B, C, D, E, F, G, H>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
      op5: OperatorAsyncFunction<D, E>,
      op6: OperatorAsyncFunction<E, F>,
      op7: OperatorAsyncFunction<F, G>,
      op8: OperatorAsyncFunction<G, H>,
    ): AsyncIterableX<H>
    pipe<A, B, C, D, E, F, G, H, I>(
      op1: OperatorAsyncFunction<T, A>,
      op2: OperatorAsyncFunction<A, B>,
      op3: OperatorAsyncFunction<B, C>,
      op4: OperatorAsyncFunction<C, D>,
      op5: OperatorAsyncFunction<D, E>,
      op6: OperatorAsyncFunction<E, F>,
      op7: OperatorAsyncFunction<F, G>,
      op8: OperatorAsyncFunction<G, H>,
      op9: OperatorAsyncFunction<H, I>,
    ): AsyncIterableX<I>
    pipe(
      op1: OfAnything,
      op2?: OfAnything,
      op3?: OfAnything,
      op4?: OfAnything,
      op5?: OfAnything,
      op6?: OfAnything,
      op7?: OfAnything,
      op8?: OfAnything,
      op9?: OfAnything,
    ): OperatorsDoNotFit
  }
}
