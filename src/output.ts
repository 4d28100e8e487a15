/** Where an operator or a source sends what it emits: the part of a subscriber that it may use. Never throws. */
export interface Output<Message> {
  readonly next: (message: Message) => void
  readonly error: (error: unknown) => void
  readonly complete: () => void
  readonly closed: boolean
}
