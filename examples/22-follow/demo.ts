import { appendFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const requests = [
  ['GET /', 200],
  ['GET /boats', 200],
  ['GET /favicon.ico', 404],
  ['POST /cart', 302],
] as const
const perFile = 6
const files = 3

/** An access log in a directory of its own, which this process writes. */
export interface DemoLog {
  readonly path: string
  /** As many as are going to be written. */
  readonly lines: number
  /** Writes it, a line after the other, and rotates it now and then as logrotate does. */
  write(): Promise<void>
  remove(): void
}

export function createDemoLog(): DemoLog {
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-follow-'))
  const path = join(directory, 'access.log')
  return {
    path,
    lines: files * perFile,
    async write() {
      for (let written = 0; written < this.lines; written++) {
        if (written > 0 && written % perFile === 0) renameSync(path, `${path}.${files - written / perFile}`)
        const [request, status] = requests[written % requests.length]!
        appendFileSync(
          path,
          `127.0.0.1 - - [01/Dec/2026:09:00:${10 + written} +0000] "${request} HTTP/1.1" ${status} 512\n`,
        )
        await delay(50)
      }
    },
    remove() {
      rmSync(directory, { recursive: true })
    },
  }
}
