/** One command of `wallarx`. */
export interface Command {
  /** What `wallarx NAME --help` prints. */
  readonly help: string
  /**
   * Runs it to its end; resolves to the exit code. Throws `UsageError`, `Failure`, `WallarxError` for what a user can
   * mend, and what `parseArgs` throws.
   */
  readonly run: (args: readonly string[]) => Promise<number>
}

/** A command as it is before anybody asks for it: what the others load would take a start half a second. */
export interface ListedCommand {
  /** One line, for `wallarx --help`. */
  readonly summary: string
  readonly load: () => Promise<Command>
}
