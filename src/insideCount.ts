/** Counts the messages that are inside something; each that has entered leaves once. */
export interface InsideCount {
  readonly entered: () => void
  readonly left: () => void
}
