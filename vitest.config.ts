import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run the sources under the package's public names; a child process gets dist, as a user does.
    alias: [
      { find: /^#platform$/, replacement: here('./src/base/platform/node.ts') },
      { find: /^wallarx$/, replacement: here('./src/index.ts') },
      { find: /^wallarx\/operators$/, replacement: here('./operators/index.ts') },
      { find: /^wallarx\/operators\/ix$/, replacement: here('./operators/ix/index.ts') },
      { find: /^wallarx\/kafka$/, replacement: here('./src/kafka/index.ts') },
      { find: /^wallarx\/native$/, replacement: here('./src/native/index.ts') },
      { find: /^wallarx\/testing$/, replacement: here('./src/testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // What needs a Kafka: npm run test:kafka.
    exclude: ['**/node_modules/**', '**/dist/**', 'test/kafka/**'],
    globalSetup: ['./test/support/programs.ts'],
    setupFiles: ['./test/setup.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
    // Processes, not threads: tests send signals, change the environment and start children.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: { provider: 'v8', include: ['operators/**/*.ts', 'src/**/*.ts'] },
  },
})
