import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from '../../vitest.config.ts'

const client = new URL('node_modules/@confluentinc/kafka-javascript/lib/index.js', import.meta.url)

/** The tests that need a Kafka: `npm run test:kafka`. The broker is started once for all of them. */
const config = mergeConfig(
  shared,
  defineConfig({
    resolve: { alias: [{ find: '@confluentinc/kafka-javascript', replacement: fileURLToPath(client) }] },
    test: {
      root: fileURLToPath(new URL('../../', import.meta.url)),
      globalSetup: ['./test/kafka/globalSetup.ts'],
      typecheck: { enabled: false },
      testTimeout: 90_000,
      hookTimeout: 90_000,
    },
  }),
)
config.test!.include = ['test/kafka/**/*.test.ts']
config.test!.exclude = ['**/node_modules/**']
export default config
