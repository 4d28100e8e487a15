import type { StateCodec } from '../../../src/serialization/codec.ts'
import { StateMap } from '../../../src/state/stateMap.ts'
import { codecOf, createEntityStore } from '../serialization/states.ts'

/** A store, a codec, and an entity under key 1 that has been packed and committed there. */
export function stored<State>(state: State, codec: StateCodec<State> = codecOf<State>()) {
  const store = createEntityStore()
  store.commit(codec.pack(state, 1))
  return {
    store,
    codec,
    /** The entity as another process finds it. */
    restored: (): State => codecOf<State>().unpack(store.bytes, 1, store.entriesOf),
    reload: (): State => codec.unpack(store.bytes, 1, store.entriesOf),
  }
}

/** `key 0` → 0, `key 1` → 1, … */
export const numbered = (count: number): StateMap<string, number> =>
  new StateMap(Array.from({ length: count }, (_, at) => [`key ${at}`, at] as const))
