import { onTestFinished } from 'vitest'
import type { RunOptions, Store } from 'wallarx'
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
  return Object.defineProperties({ log }, Object.getOwnPropertyDescriptors(app)) as KillableApplication
}
