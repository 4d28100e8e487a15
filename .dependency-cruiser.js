/**
 * Which file may import which. A folder of `src` is a room; imports go down the floors of the house and never up.
 *
 * Types count as imports: a contract that needs a type of its implementation is as wrong as one that needs its code.
 */

/** The rooms of `src`, lowest floor first, and what each may look down to besides itself. */
const rooms = {
  base: [],
  key: ['base'],
  acknowledged: ['base'],
  store: ['base'],
  codec: ['base'],
  native: ['base'],
  network: ['base'],
  state: ['base', 'key'],
  context: ['base', 'state'],
  serialization: ['base', 'key', 'state'],
  bridge: ['base', 'context'],
  sink: ['base', 'context', 'acknowledged', 'network'],
  time: ['base', 'key', 'state', 'context'],
  step: ['base', 'key', 'state', 'context', 'time'],
  checkpoint: ['base', 'key', 'state', 'context', 'serialization', 'store'],
  cluster: ['base', 'key', 'state', 'context', 'serialization', 'store', 'checkpoint'],
  framing: ['base', 'codec', 'context', 'step'],
  monitor: ['base', 'network', 'key', 'state', 'context', 'serialization', 'store', 'checkpoint'],
  run: ['base', 'state', 'context', 'sink', 'store', 'checkpoint', 'cluster', 'monitor'],
  source: ['base', 'context', 'step', 'framing', 'acknowledged', 'network'],
  journal: ['base', 'context', 'step', 'source'],
  kafka: ['base', 'context', 'store', 'checkpoint', 'cluster', 'sink', 'source'],
}

/** Composition roots: they see all rooms, and not each other. */
const roots = ['testing', 'cli']

const looksDown = Object.entries(rooms).map(([room, below]) => ({
  name: `${room}-looks-down`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|operators)/', pathNot: `^src/(${[room, ...below].join('|')})/` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...looksDown,
    {
      name: 'every-room-has-a-floor',
      comment: 'A new folder of src states in `rooms` what it may look down to.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: `^src/((index|browser)\\.ts$|(${[...Object.keys(rooms), ...roots].join('|')})/)`,
      },
      to: {},
    },
    {
      name: 'every-room-has-a-floor-to-be-seen-from',
      comment: 'The same for a room that imports nothing.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/((index|browser)\\.ts$|(${[...Object.keys(rooms), ...roots].join('|')})/)` },
    },
    {
      name: 'operators-look-down',
      comment: 'The catalogue sees contracts and the machinery of steps, never an implementation.',
      severity: 'error',
      from: { path: '^operators/' },
      to: { path: '^src/', pathNot: '^src/(base|codec|context|framing|sink|state|step|time)/' },
    },
    {
      name: 'roots-choose',
      comment: 'Only index.ts, cli and testing choose an implementation; others import the contract of its room.',
      severity: 'error',
      from: { path: '^(src/[^/]+|operators)/', pathNot: '^src/(cli|testing)/' },
      to: {
        path: '^src/(store|source|sink|framing)/',
        pathNot: [
          '^src/(store/(store|failures|lowerBound)|source/(source|pull)|sink/sink|framing/(framing|framer|streamFramer))\\.ts$',
          '^$1/',
        ],
      },
    },
    {
      name: 'testing-and-cli-stand-apart',
      severity: 'error',
      from: { path: '^src/(testing|cli)/' },
      to: { path: '^src/(testing|cli|index\\.ts$)', pathNot: '^src/$1/' },
    },
    {
      name: 'product-does-not-import-itself-by-name',
      comment: 'Inside the package a name of its own would mean dist, not the sources; #platform is one of two files.',
      severity: 'error',
      from: { path: '^(operators|src)/' },
      to: { path: '^dist/', pathNot: '^dist/src/base/platform/' },
    },
    {
      name: 'examples-use-public-entry-points',
      comment: 'An example imports the package by its public names, and the files of its own folder.',
      severity: 'error',
      from: { path: '^examples/([^/]+)/' },
      to: {
        path: '^(operators|src|dist|examples)/',
        pathNot: [
          '^dist/(src|src/kafka|src/native|src/testing|operators|operators/ix)/index\\.(js|d\\.ts)$',
          '^examples/$1/',
        ],
      },
    },
    {
      name: 'example-roots-use-public-entry-points',
      severity: 'error',
      from: { path: '^examples/[^/]+\\.ts$' },
      to: {
        path: '^(operators|src|dist)/',
        pathNot: '^dist/(src|src/native|src/testing|operators|operators/ix)/index\\.(js|d\\.ts)$',
      },
    },
    {
      name: 'examples-use-public-names',
      comment: 'By name, as a user does, not by a path into dist.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^dist/', dependencyTypes: ['local'] },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'product-imports-what-is-installed-with-it',
      comment: 'A devDependency is not there for a user of the package.',
      severity: 'error',
      from: { path: '^(operators|src)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer', 'type-only'] },
    },
    {
      name: 'everything-resolves',
      comment: 'wallarx itself resolves through dist: build first.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
}
