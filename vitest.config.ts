import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Of the tests that need a Kafka, too: test/kafka/vitest.config.ts. */
export const shared = defineConfig({
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
    globalSetup: ['./test/support/programs.ts'],
    setupFiles: ['./test/setup.ts'],
    // Processes, not threads: tests send signals, change the environment and start children.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: { provider: 'v8', include: ['operators/**/*.ts', 'src/**/*.ts'] },
  },
})

/** npm run schedules */
const schedules = 'test/src/testing/kafka/schedules/'

/** Puts something in the place of a module, or of what a process has, or looks at all of its memory. */
const changesProcess =
  /vi\.(mock|doMock|stub\w+|spyOn|useFakeTimers)\(|process\.(on|once|kill|chdir|env\.\w+ = )|globalThis\.set|queryObjects/

/** These have no sockets, files and processes, of which something could be left when the next file begins. */
const rooms = ['base', 'codec', 'context', 'framing', 'key', 'serialization', 'state', 'step']

/** What is imported is loaded once for these: half of the time of many. */
const together = ['test/operators', ...rooms.map((room) => `test/src/${room}`)].flatMap((folder) =>
  readdirSync(here(`./${folder}`), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('time/'))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !changesProcess.test(readFileSync(here(`./${path}`), 'utf8'))),
)

const typecheck = { enabled: true, only: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' }

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      projects: [
        { extends: true, test: { name: 'together', isolate: false, include: together } },
        { extends: true, test: { name: 'schedules', include: [`${schedules}*.test.ts`] } },
        { extends: true, test: { name: 'types', include: [], typecheck } },
        {
          extends: true,
          test: {
            name: 'alone',
            include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
            // What needs a Kafka: npm run test:kafka.
            exclude: ['**/node_modules/**', '**/dist/**', 'test/kafka/**', `${schedules}**`, ...together],
          },
        },
      ],
    },
  }),
)
