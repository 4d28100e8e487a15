import type { Concurrency, StateResult } from '../src/computation.ts'
import type { Context } from '../src/context.ts'
import { slotFinder } from '../src/entityTable.ts'
import { wholeNumber, type Where } from '../src/errors.ts'
import type { KeyFunction } from '../src/key.ts'
import type { StatePartition } from '../src/statePartition.ts'
import type { Output } from '../src/output.ts'
import { failWith } from './failWith.ts'
import { perEntity } from './perEntity.ts'
import type { Operation, Step } from './step.ts'
import { computationFailure, invalidStateResult } from './stepErrors.ts'

/** A state step's function, of one output or of many, at once or later. */
type StateCompute<In, State, Outputs> = (
  message: In,
  state: State,
) => PromiseLike<StateResult<Outputs>> | StateResult<Outputs>

export interface StateStepOptions<In, State, Outputs, Out> {
  readonly name: string
  readonly compute: StateCompute<In, State, Outputs>
  readonly partition: StatePartition<never, State>
  readonly key: KeyFunction<In>
  /** Absent: the computation gives its result at once. */
  readonly concurrency: Concurrency['concurrency'] | undefined
  /** Emits the outputs of one result. */
  readonly emit: (outputs: Outputs, output: Output<Out>, where: Where) => void
}

/** What `toState`, `toStatePartition` and `toStatePartitionMulti` have in common: all but how outputs are emitted. */
export function stateStep<In, State, Outputs, Out>({
  name,
  compute,
  partition,
  key,
  concurrency,
  emit,
}: StateStepOptions<In, State, Outputs, Out>): Step<In, Out> {
  if (concurrency !== undefined) wholeNumber('concurrency', concurrency, 1)
  const start = (output: Output<Out>, context: Context): Operation<In> => {
    const where = { pipeline: context.pipeline, step: name, partition: partition.name }
    const entities = context.entities(partition)
    const slotOf = slotFinder(entities, key)
    const failure = computationFailure(where)
    const fail = failWith(output, context, failure)
    // The state may be half changed now. Where it is kept, no checkpoint may see that: the run fails whatever `onError` says.
    const failComputing = entities.kept
      ? (thrown: unknown, message: In): void => {
          const error = failure(thrown, message)
          output.error(error)
          context.spoilt(error)
        }
      : fail

    if (concurrency !== undefined) {
      const finish = (slot: number, result: StateResult<Outputs>): void => {
        if (typeof (result as Partial<StateResult<Outputs>> | undefined)?.[1] !== 'boolean') {
          throw invalidStateResult(result, where)
        }
        if (result[1]) entities.changed(slot)
        const outputs = result[0]
        if (outputs !== undefined) emit(outputs, output, where)
      }
      return perEntity(output, context, {
        name,
        concurrency,
        entities,
        slotOf,
        compute,
        emit: finish,
        fail,
        failComputing,
      })
    }
    const { states, kept } = entities
    return {
      // What `finish` does, once more: as a call of its own it costs word count about a twentieth of its throughput.
      next(message) {
        let slot = -1 // while there is no entity
        try {
          slot = slotOf(message)
          const result = compute(message, states[slot]!) as StateResult<Outputs>
          if (typeof (result as Partial<StateResult<Outputs>> | undefined)?.[1] !== 'boolean') {
            throw invalidStateResult(result, where)
          }
          if (kept && result[1]) entities.changed(slot)
          const outputs = result[0]
          if (outputs !== undefined) emit(outputs, output, where)
        } catch (thrown) {
          if (slot < 0) fail(thrown, message)
          else failComputing(thrown, message)
        }
      },
    }
  }
  return { start, asynchronous: concurrency !== undefined }
}
