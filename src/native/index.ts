/**
 * Bridges to the browser's native Observable. Imports nothing of Node.
 *
 * @module wallarx/native
 */
export { fromNativeObservable } from './fromNativeObservable.ts'
export { toNativeObservable } from './toNativeObservable.ts'
export type { NativeObservable, NativeObserver } from './nativeObservable.ts'
