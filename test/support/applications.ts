import { onTestFinished } from 'vitest'
import type { RunOptions, Sink, Store } from 'wallarx'
import { startApplication, type Application } from '../../src/run/application.ts'

/** An application that can be killed as a process is, with what it logs. */
export interface KillableApplication extends Application {
  readonly log: readonly string[]
}

/** Runs without signals; killed at the end of the test. */
export async function startKillable(
  options: Partial<RunOptions> & Pick<RunOptions, 'pipelines'> & { readonly store: Store },
): Promise<KillableApplication> {
  const log: string[] = []
  const line = (event: string): void => {
    log.push(event)
  }
  const app = startApplication(
    { name: 'test', handleSignals: false, drainTimeout: 5000, checkpointInterval: 20, ...options },
    { store: await options.store.open(), log: { info: line, warn: line, error: line } },
  )
  app.ended.catch(() => undefined)
  app.closed.catch(() => undefined)
  onTestFinished(() => app.kill())
  return Object.defineProperties({ log }, Object.getOwnPropertyDescriptors(app)) as unknown as KillableApplication
}

/** A file that is cut back at once: `kill` leaves writes to a real one under way, as the end of a process does not. */
export interface MemoryFile {
  readonly sink: Sink<string>
  readonly text: string
}

export function memoryFile(): MemoryFile {
  let text = ''
  return {
    get text() {
      return text
    },
    sink: {
      name: 'memory file',
      delivery: 'exactly once',
      open({ restored = 0 }) {
        text = text.slice(0, restored)
        let isOpen = true
        return {
          write(line) {
            if (isOpen) text += line
          },
          flush: () => Promise.resolve(text.length),
          close: () => Promise.resolve(text.length),
          abort() {
            isOpen = false
          },
        }
      },
    },
  }
}
