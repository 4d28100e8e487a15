import type { Log } from '../../base/log.ts'
import { logLevels, type LogLevel } from './options.ts'

const ignore = (): void => undefined

/** Lines on standard error, as `run` writes them, of this level and those that matter more. */
export function levelledLog(name: string, least: LogLevel): Log {
  const line = (event: string): void => {
    process.stderr.write(`${name}: ${event}\n`)
  }
  const from = (level: LogLevel) => (logLevels.indexOf(level) >= logLevels.indexOf(least) ? line : ignore)
  return { info: from('info'), warn: from('warn'), error: from('error') }
}
