/**
 * What goes into `pipe()`.
 *
 * @module wallarx/operators
 */
export { decode } from './decode.ts'
export { encode } from './encode.ts'
export { eventTime } from './eventTime.ts'
export type { EventTimeOptions } from './steps/eventTime.ts'
export { frame } from './frame.ts'
export type { FrameOptions } from './steps/frame.ts'
export type { Keyed, KeyOption } from '../src/step/keyOption.ts'
export { to } from './to.ts'
export { toMulti } from './toMulti.ts'
export { toSink } from './toSink.ts'
export { toState } from './toState.ts'
export { toStatePartition } from './toStatePartition.ts'
export { toStatePartitionMulti } from './toStatePartitionMulti.ts'
