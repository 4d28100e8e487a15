// A stand-in for Node's AsyncLocalStorage, the only thing of Node that the operators on values import. It knows the
// calls that are on the stack now: who subscribes again later (`retry({ delay })`, a `switchMap` over a timer) is
// outside any context.
export class AsyncLocalStorage {
  #store

  getStore() {
    return this.#store
  }

  run(store, work, ...args) {
    const before = this.#store
    this.#store = store
    try {
      return work(...args)
    } finally {
      this.#store = before
    }
  }
}
