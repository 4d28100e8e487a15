import type { Where } from '../../base/errors.ts'
import type { StepMeter } from '../../context/meter.ts'
import type { EntityTable } from '../../state/entityTable.ts'
import type { TimerName } from '../../state/timers/timerName.ts'
import type { TimedComputation } from '../../time/computation.ts'
import type { PresentEntity } from './presentEntity.ts'

/** What a step with timers is made of, whether it gives its results at once or later. */
export interface TimedStepOptions<In, State, Outputs> {
  readonly meter: StepMeter | undefined
  readonly where: Where & { readonly partition: string }
  readonly entities: EntityTable<State>
  readonly slotOf: (message: In) => number
  readonly compute: (message: In, state: State, entity: PresentEntity) => unknown
  /** See `TimedComputation`. */
  readonly inPlace?: TimedComputation<In, State, never>['inPlace']
  readonly onTimer: (name: TimerName, at: number, state: State, entity: PresentEntity) => unknown
  readonly emit: (outputs: Outputs) => void
  /** What to do where nothing of a state was changed. */
  readonly fail: (thrown: unknown, message: In) => void
  readonly failComputing: (thrown: unknown, message: In) => void
  /** See `createStepTime`. */
  readonly clocks: number | undefined
}
