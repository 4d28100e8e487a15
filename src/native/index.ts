export { fromNativeObservable } from './fromNativeObservable.ts'
export { toNativeObservable } from './toNativeObservable.ts'
export type { NativeObservable, NativeObserver } from '../nativeObservable.ts'
