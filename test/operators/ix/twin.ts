import type { OperatorFunction } from 'rxjs'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import * as operators from '../../../operators/ix/index.ts'
import { toAsyncIterable } from '../../../src/bridge/asyncIterable.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import type { Operators, Twin } from '../twin.ts'

/** The operators over AsyncIterable, to be tested as the Rx ones are: with a bridge before and one behind them. */
export const ix: Twin = {
  operators: operators as unknown as Operators,
  direct: false,
  toRx:
    <In, Out>(operator: OperatorFunction<In, Out>): OperatorFunction<In, Out> =>
    (source) =>
      fromAsyncIterable((operator as unknown as OperatorAsyncFunction<In, Out>)(toAsyncIterable(source))),
}
