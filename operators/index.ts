/**
 * What goes into `pipe()`.
 *
 * @module wallarx/operators
 */
export { decode } from './decode.ts'
export { encode } from './encode.ts'
export { frame, type FrameOptions } from './frame.ts'
export { to } from './to.ts'
export { toMulti } from './toMulti.ts'
export { toSink } from './toSink.ts'
export { toState } from './toState.ts'
export { toStatePartition, type Keyed, type KeyOption } from './toStatePartition.ts'
export { toStatePartitionMulti } from './toStatePartitionMulti.ts'
