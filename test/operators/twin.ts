import type { OperatorFunction } from 'rxjs'
import * as operators from '../../operators/index.ts'

export type Operators = typeof operators

/** One of the two forms of every operator. Its operators have the types of the Rx ones, to be used alike. */
export interface Twin {
  readonly operators: Operators
  /** The source pushes into the operator itself: no bridge in between takes its messages and is pulled. */
  readonly direct: boolean
  /** An Rx operator of one of this form. */
  readonly toRx: <In, Out>(operator: OperatorFunction<In, Out>) => OperatorFunction<In, Out>
}

export const rx: Twin = { operators, direct: true, toRx: (operator) => operator }
