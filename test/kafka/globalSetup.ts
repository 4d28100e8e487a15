import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startBroker } from './broker/broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of the broker of this test run. */
    brokers: string
  }
}

/** A broker of its own for a test run, on free ports; its data goes with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'wallarx-kafka-'))
  const begin = performance.now()
  const broker = await startBroker({ dir, tell: (line) => console.log(line) })
  console.log(`the broker serves at ${broker.brokers} after ${((performance.now() - begin) / 1000).toFixed(1)} s`)
  project.provide('brokers', broker.brokers)
  return async () => {
    await broker.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
