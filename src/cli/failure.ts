/** The command could not do what it was asked to. The message is one line that says what to do; the exit code is 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** The command was called in a way it does not understand. The message is one line; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
