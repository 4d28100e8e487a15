/**
 * How a state becomes bytes and comes back, for states that hold instances of classes. It replaces the package's own
 * packing whole: a `StateMap` in such a state is the serde's to carry.
 */
export interface Serde<State> {
  /**
   * Called for each changed entity at each checkpoint. The bytes are copied. What it throws stops the run with
   * `STATE_NOT_SERIALIZABLE`; the last checkpoint stays whole.
   */
  serialize(state: State): Uint8Array
  /** Called when the entity is restored, with bytes that `serialize` gave and that are its own to keep. */
  deserialize(bytes: Uint8Array): State
}
