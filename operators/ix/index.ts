/**
 * The same operators over AsyncIterable, for the `pipe` of ix.
 *
 * @module wallarx/operators/ix
 */
export { decode } from './decode.ts'
export { encode } from './encode.ts'
export { eventTime } from './eventTime.ts'
export type { EventTimeOptions } from '../steps/eventTime.ts'
export { frame } from './frame.ts'
export type { FrameOptions } from '../steps/frame.ts'
export type { Keyed, KeyOption } from '../../src/step/keyOption.ts'
export { joinWithin } from './time/joinWithin.ts'
export type { OperatorsDoNotFit } from './pipe.ts'
export { to } from './to.ts'
export { toMulti } from './toMulti.ts'
export { toSink } from './toSink.ts'
export { toState } from './toState.ts'
export { toStatePartition } from './toStatePartition.ts'
export { toStatePartitionMulti } from './toStatePartitionMulti.ts'
export { toWindows } from './time/toWindows.ts'
