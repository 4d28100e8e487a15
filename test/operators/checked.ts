import type { OperatorFunction } from 'rxjs'
import type { ErrorCode } from '../../src/base/errors.ts'

/** An operator in one of its forms, for the checklist. */
export interface Checked<In, Out> {
  /** Makes the operator; its user function is to call `before` with each message before it does anything else. */
  readonly build: (before?: () => void) => OperatorFunction<In, Out>
  readonly inputs: readonly [In, In, In, ...In[]]
  /** What each of the inputs leads to, in their order. */
  readonly outputs: readonly (readonly Out[])[]
  /** What an error of the user function becomes; absent where there is no user function. */
  readonly code?: ErrorCode
  /** The operator may emit later than its source does. */
  readonly concurrency?: number
}
