import type { OperatorFunction } from 'rxjs'
import type { AsyncStateComputation, StateResult } from '../../src/step/computation.ts'
import { statePartition, type StatePartition } from '../../src/index.ts'
import type { Operators, Twin } from './twin.ts'

/** A message for an entity. */
export interface Letter {
  readonly key: number
  readonly id: number
}

/** The state of an entity: the messages it has had. */
export interface Box {
  readonly ids: number[]
}

export type Compute = (letter: Letter, box: Box) => PromiseLike<StateResult<string>> | StateResult<string>

/** A state step with one output for each message, made from a computation and the options of the operator. */
type BuildStep = (
  computation: Compute | AsyncStateComputation<Letter, Box, string>,
  partition: StatePartition<Letter, Box>,
  options: { concurrency?: number; key?: (letter: Letter) => number },
) => OperatorFunction<Letter, string>

export const boxes = (options: { name?: string; keys?: number[] } = {}): StatePartition<Letter, Box> =>
  statePartition<Letter, Box>(options.name ?? 'boxes', {
    key: ({ key }: Letter) => key,
    build: () => ({ ids: [] }),
    keys: options.keys,
  })

export const put: Compute = ({ key, id }, box) => {
  box.ids.push(id)
  return [`${key}: ${box.ids.join()}`, true]
}

export const letters = (...keys: number[]): Letter[] => keys.map((key, id) => ({ key, id }))

export type StateOperator = 'toStatePartition' | 'toStatePartitionMulti'

/** The pair with its output in an array; anything else as it is. */
const asMany = (result: StateResult<string>): StateResult<string[]> =>
  Array.isArray(result) && result[0] !== undefined
    ? ([[result[0]], ...(result as unknown[]).slice(1)] as unknown as StateResult<string[]>)
    : (result as unknown as StateResult<string[]>)

const buildMulti =
  ({ toStatePartitionMulti }: Operators): BuildStep =>
  (computation, partition, options) => {
    const form: AsyncStateComputation<Letter, Box, string> =
      typeof computation === 'function' ? { name: computation.name, compute: computation } : computation
    const multi = {
      ...(form.name !== undefined && { name: form.name }),
      compute(letter: Letter, box: Box) {
        const result = form.compute(letter, box, undefined as never)
        return result instanceof Promise ? result.then(asMany) : asMany(result as StateResult<string>)
      },
    }
    return toStatePartitionMulti(multi, partition as never, options as never)
  }

export function buildOf(name: StateOperator, { operators, toRx }: Twin): BuildStep {
  const build =
    name === 'toStatePartition' ? (operators.toStatePartition as unknown as BuildStep) : buildMulti(operators)
  return (...of) => toRx(build(...of))
}

export function spying(seen: string[]): (letter: Letter, box: Box) => StateResult<string> {
  return (letter, box) => {
    const result = put(letter, box) as StateResult<string>
    seen.push(result[0]!)
    return result
  }
}
