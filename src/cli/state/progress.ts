import { amount, bytes } from '../format.ts'
import { createStatusLine } from '../statusLine.ts'

interface BackupProgress {
  entries: number
  bytes: number
  /** The progress goes away. Idempotent. */
  end(): void
}

const width = 30
/** Milliseconds between lines where there is no terminal. */
const interval = 5000

/** Shows how far a backup is: a bar on a terminal, elsewhere a line now and then. `share` may be NaN: not known. */
export function showBackupProgress(what: string, share: (progress: BackupProgress) => number): BackupProgress {
  const text = (): string => {
    const done = Math.min(1, share(progress))
    const amounts = `${amount(progress.entries, 'entry', 'entries')}, ${bytes(progress.bytes)}`
    if (Number.isNaN(done)) return `${what}  ${amounts}`
    const bar = '#'.repeat(Math.floor(done * width)).padEnd(width, '.')
    return `${what}  [${bar}] ${Math.floor(100 * done)} %  ${amounts}`
  }
  const status = createStatusLine(text)
  const timer = process.stderr.isTTY
    ? undefined
    : setInterval(() => {
        status.print(text())
      }, interval).unref()
  const progress: BackupProgress = {
    entries: 0,
    bytes: 0,
    end() {
      clearInterval(timer)
      status.end()
    },
  }
  return progress
}
