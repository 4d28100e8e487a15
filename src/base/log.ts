/** Takes one event, a line without a newline. pino and console have this form. */
export interface Log {
  /** The run goes on as it should. */
  info(event: string): void
  /** Something one should know, such as a dead letter; the run goes on. */
  warn(event: string): void
  /** Something of the program's own has failed, such as what takes the dead letters. */
  error(event: string): void
}

/** Lines on standard error, each beginning with the application's name. */
export function stderrLog(name: string): Log {
  const line = (event: string): void => {
    process.stderr.write(`${name}: ${event}\n`)
  }
  return { info: line, warn: line, error: line }
}

const ignore = (): void => undefined

export const silentLog: Log = { info: ignore, warn: ignore, error: ignore }
