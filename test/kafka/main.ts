/** `npm run test:kafka`: installs what the tests under test/kafka need, once for a machine, and runs them. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { missingForBroker } from './broker/jars.ts'
import { Missing } from './cache.ts'
import { installClient } from './install.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

try {
  const missing = missingForBroker()
  if (missing !== undefined) throw new Missing(missing)
  installClient((line) => console.log(line))
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/kafka/vitest.config.ts']
  // Each reader and member that polls holds a thread of libuv, and a test has several of them in one process.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '24' }
  const options = { cwd: root, env, stdio: 'inherit' } as const
  process.exitCode = spawnSync(process.execPath, [...vitest, ...process.argv.slice(2)], options).status ?? 1
} catch (error) {
  console.error(error instanceof Missing ? error.message : error)
  process.exitCode = 1
}
