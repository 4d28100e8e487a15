import type { Concurrency, StateResult } from './computation.ts'
import type { Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import type { EntityTable } from '../state/entityTable.ts'
import { entityLocator } from '../state/entityLocator.ts'
import type { WallarxError, Where } from '../base/errors.ts'
import { invalidOption, wholeNumber } from '../base/option.ts'
import type { KeyFunction } from '../key/key.ts'
import { livesByTime, type StatePartition } from '../state/statePartition.ts'
import type { Output } from './output.ts'
import { exchanged, type ExchangedOptions } from './exchanged.ts'
import { checkStateResult, computationFailure, failWith, invalidStateResult, poisonWith } from './failures.ts'
import { keyedAsync } from './async/keyedAsync.ts'
import type { TimedComputation } from '../time/computation.ts'
import { Places } from './async/places.ts'
import type { TimerName, TimedEntity } from '../time/timers.ts'
import { expiring } from './timed/expiring.ts'
import { timedAsync } from './timed/timedAsync.ts'
import { timedSync } from './timed/timedSync.ts'
import { tellKey } from './start.ts'
import type { Operation, Step } from './step.ts'

/** A state step's function, of one output or of many, at once or later. */
type StateCompute<In, State, Outputs> = (
  message: In,
  state: State,
  entity: TimedEntity,
) => PromiseLike<StateResult<Outputs>> | StateResult<Outputs>

type OnTimer<State, Outputs> = (
  name: TimerName,
  at: number,
  state: State,
  entity: TimedEntity,
) => PromiseLike<StateResult<Outputs>> | StateResult<Outputs>

export interface StateStepOptions<In, State, Outputs, Out> {
  /** As a user calls it. */
  readonly operator: string
  readonly name: string
  readonly compute: StateCompute<In, State, Outputs>
  /** See `TimedComputation`. */
  readonly inPlace?: TimedComputation<In, State, never>['inPlace']
  /** Absent: the computation has no timers, and is called without its third argument. */
  readonly onTimer?: OnTimer<State, Outputs> | undefined
  /** It brings together so many streams with times of their own. Default: those that are found */
  readonly clocks?: number
  /** Gives what an entity leaves behind that expires. */
  readonly onExpire?: ((state: State, key: bigint) => unknown) | undefined
  readonly partition: StatePartition<never, State>
  readonly key: KeyFunction<In>
  /** Absent: the computation gives its result at once. */
  readonly concurrency: Concurrency['concurrency'] | undefined
  /** Emits the outputs of one result. */
  readonly emit: (outputs: Outputs, output: Output<Out>, where: Where, meter?: StepMeter) => void
  readonly flow: Step<In, Out>['flow']
}

/** What `toState`, `toStatePartition` and `toStatePartitionMulti` have in common: all but how outputs are emitted. */
export function stateStep<In, State, Outputs, Out>({
  operator,
  name,
  compute: timedCompute,
  inPlace,
  onTimer,
  clocks,
  onExpire,
  partition,
  key,
  concurrency,
  emit,
  flow,
}: StateStepOptions<In, State, Outputs, Out>): Step<In, Out> {
  const { expireAfter } = partition
  const isTimed = onTimer !== undefined || expireAfter !== undefined
  if (onExpire !== undefined && expireAfter === undefined) throw expiresNever(name, partition.name)
  if (isTimed) partition[livesByTime] = true
  if (concurrency !== undefined) wholeNumber('concurrency', concurrency, 1)
  const compute = timedCompute as (message: In, state: State) => ReturnType<typeof timedCompute>
  const whereIn = ({ pipeline }: Context) => ({ pipeline, step: name, partition: partition.name })

  const startHere: StartHere<In, State, Out> = (output, context, meter, entities, places) => {
    const where = whereIn(context)
    const slotOf = entityLocator(entities, key)
    const failure = computationFailure(where)
    const fail = failWith(output, context, failure)
    const failComputing = entities.persistent ? poisonWith(output, context, failure) : fail // it may be half changed

    if (isTimed) {
      const timedOrNot = onTimer === undefined ? compute : timedCompute
      const computing = { compute: timedOrNot, inPlace, onTimer: onTimer ?? noTimer }
      const timed = {
        meter,
        where,
        entities,
        slotOf,
        ...(expireAfter === undefined ? computing : expiring(computing, expireAfter, onExpire)),
        emit(outputs: Outputs) {
          emit(outputs, output, where)
        },
        fail,
        failComputing,
        clocks: context.entities.exchange === undefined ? clocks : undefined, // a shard has one
      }
      if (concurrency === undefined) return timedSync<In, State, Outputs, Out>(output, context, timed)
      return timedAsync<In, State, Outputs, Out>(output, context, { ...timed, name, concurrency, places })
    }
    if (concurrency !== undefined) {
      return keyedAsync(output, context, {
        meter,
        name,
        concurrency,
        places,
        entities,
        slotOf,
        compute,
        emit: finishWith(output, entities, emit, where),
        fail,
        failComputing,
      })
    }
    const { states, persistent } = entities
    // What `finishWith` does, once more: as a call of its own it costs word count about a twentieth of its throughput.
    const next = (message: In): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      let slot = -1 // while there is no entity
      try {
        slot = slotOf(message)
        if (meter?.isLooking === true) tellKey(meter, entities, slot)
        const result = compute(message, states[slot]!) as StateResult<Outputs>
        if (typeof (result as Partial<StateResult<Outputs>> | undefined)?.[1] !== 'boolean') {
          throw invalidStateResult(result, where)
        }
        if (persistent && result[1]) entities.changed(slot)
        const outputs = result[0]
        if (outputs !== undefined) emit(outputs, output, where, meter)
        else if (meter !== undefined) meter.dropped++
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        if (slot < 0) fail(thrown, message)
        else failComputing(thrown, message)
      }
    }
    return { next }
  }

  const start = (output: Output<Out>, context: Context, meter?: StepMeter): Operation<In> => {
    const { exchange } = context.entities
    if (exchange === undefined) {
      const table = context.entities.of(partition)
      meter?.use({ state: table.get })
      return startHere(output, context, meter, table)
    }
    const { here, state } = spread<In, State, Out>(output, context, meter, { partition, concurrency, startHere })
    meter?.use({ state })
    const fail = failWith(output, context, computationFailure(whereIn(context)))
    return exchanged<In, Out>(exchange, {
      output,
      context,
      meter,
      step: name,
      partition: partition.name,
      key,
      here,
      fail,
    })
  }
  return {
    name,
    operator,
    partition: partition.name,
    ...(concurrency === undefined && !isTimed && flow !== undefined && { flow }),
    start,
    asynchronous: ({ entities }) => isTimed || concurrency !== undefined || entities.exchange !== undefined,
  }
}

type StartHere<In, State, Out> = (
  output: Output<Out>,
  context: Context,
  meter: StepMeter | undefined,
  entities: EntityTable<State>,
  places?: Places,
) => Operation<In>

/** On a cluster: one operation for all shards, or where entities live by time, what makes one for each. */
function spread<In, State, Out>(
  output: Output<Out>,
  context: Context,
  meter: StepMeter | undefined,
  {
    partition,
    concurrency,
    startHere,
  }: Pick<StateStepOptions<In, State, never, Out>, 'partition' | 'concurrency'> & {
    readonly startHere: StartHere<In, State, Out>
  },
): Pick<ExchangedOptions<In, Out>, 'here'> & { readonly state: (key: bigint) => State | undefined } {
  const { entities } = context
  if (entities.ofShards === undefined || partition[livesByTime] !== true) {
    const table = entities.of(partition)
    return { here: startHere(output, context, meter, table), state: table.get }
  }
  const tables = entities.ofShards(partition)
  const places = concurrency === undefined ? undefined : new Places(concurrency)
  return {
    here: (own, shardContext, shard) => startHere(own, shardContext, meter, tables.of(shard), places),
    state: tables.get,
  }
}

/** Takes the results of an asynchronous computation. */
const finishWith =
  <Outputs, Out>(
    output: Output<Out>,
    entities: EntityTable<unknown>,
    emit: StateStepOptions<never, never, Outputs, Out>['emit'],
    where: Where,
  ) =>
  (slot: number, result: StateResult<Outputs>): void => {
    checkStateResult<Outputs>(result, where)
    if (result[1]) entities.changed(slot)
    const outputs = result[0]
    if (outputs !== undefined) emit(outputs, output, where)
  }

const expiresNever = (name: string, partition: string): WallarxError =>
  invalidOption(`the state partition of ${name}`, 'one with expireAfter, since it has onExpire', partition)

/** Of a computation that sets none. */
const noTimer = (): StateResult<undefined> => [undefined, false]
