import type { Log } from './contract.ts'

/** Lines on standard error, each beginning with the application's name. */
export function stderrLog(name: string): Log {
  const line = (event: string): void => {
    process.stderr.write(`${name}: ${event}\n`)
  }
  return { info: line, warn: line, error: line }
}

const ignore = (): void => undefined

export const silentLog: Log = { info: ignore, warn: ignore, error: ignore }
