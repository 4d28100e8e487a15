/** One command of `wallarx`. */
export interface Command {
  /** What it is called by: `send` in `wallarx send`. */
  readonly name: string
  /** One line, for `wallarx --help`. */
  readonly summary: string
  /** What `wallarx NAME --help` prints. */
  readonly help: string
  /**
   * Runs it to its end; resolves to the exit code. Throws `UsageError`, `Failure`, `WallarxError` for what a user can
   * mend, and what `parseArgs` throws.
   */
  readonly run: (args: readonly string[]) => Promise<number>
}
