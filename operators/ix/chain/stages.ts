import type { Context } from '../../../src/context/context.ts'
import type { Step } from '../../../src/step/step.ts'
import { Stage, type ChainEnd } from './stage.ts'

/** The stages of a chain, as far as their steps have begun: the last one begins first. */
export interface Stages<Out> {
  readonly first: Stage<unknown, unknown> | undefined
  readonly last: Stage<unknown, Out> | undefined
  /** Those whose outputs are taken one by one, the last one first. */
  readonly lazy: readonly Stage<unknown, unknown>[]
  /** For what is upstream of them. */
  readonly context: Context
  /** What the step upstream of `first` has thrown as it began. */
  readonly failure: { readonly error: unknown } | undefined
}

export function startStages<Out>(
  steps: readonly Step<never, unknown>[],
  downstream: Context,
  end: ChainEnd<Out>,
): Stages<Out> {
  let first: Stages<Out>['first']
  let last: Stage<unknown, unknown> | undefined
  const lazy: Stage<unknown, unknown>[] = []
  let context = downstream
  let failure: Stages<Out>['failure']
  for (const step of steps.toReversed()) {
    try {
      const next: Stage<unknown, unknown> | ChainEnd<unknown> = first ?? (end as ChainEnd<unknown>)
      const stage = new Stage<unknown, unknown>(step as Step<unknown, unknown>, context, next)
      last ??= stage
      if (step.lazy === true) lazy.push(stage)
      first = stage
      context = stage.operation.upstream ?? context
    } catch (error) {
      failure = { error }
      break
    }
  }
  return { first, last: last as Stage<unknown, Out> | undefined, lazy, context, failure }
}
