/**
 * The Observable that browsers have built in (WICG), as far as a bridge needs it. It is no Observable of RxJS: neither
 * of the two takes the other one for what it is.
 */
export interface NativeObservable<Message> {
  /** The signal ends the subscription: the source's teardown runs inside `abort()`. */
  subscribe(observer: NativeObserver<Message>, options?: { signal?: AbortSignal }): void
}

/** Who subscribes to a {@link NativeObservable}. */
export interface NativeObserver<Message> {
  /** One message. */
  next?: (message: Message) => void
  /** The source has failed. */
  error?: (error: unknown) => void
  /** The source has completed. */
  complete?: () => void
}
