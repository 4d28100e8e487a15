/**
 * Which file may import which. Imports go one way: composition roots → implementations → src/*.ts ← operators.
 *
 * Types count as imports: a contract that needs a type of its implementation is as wrong as one that needs its code.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'contracts-import-contracts-only',
      comment: 'src/*.ts are contracts and pure functions. index.ts alone re-exports from everywhere.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$', pathNot: '^src/index\\.ts$' },
      to: { path: ['^src/[^/]+/', '^src/index\\.ts$', '^operators/'] },
    },
    {
      name: 'implementations-import-contracts-only',
      comment: 'src/<folder>/* imports src/*.ts and its siblings. Only run, cli, testing choose implementations.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(run|cli|testing)/' },
      to: { path: ['^src/[^/]+/', '^src/index\\.ts$', '^operators/'], pathNot: '^src/$1/' },
    },
    {
      name: 'operators-import-contracts-only',
      comment: 'operators/** import each other and src/*.ts, never an implementation.',
      severity: 'error',
      from: { path: '^operators/' },
      to: { path: ['^src/[^/]+/', '^src/index\\.ts$'] },
    },
    {
      name: 'product-does-not-import-itself-by-name',
      comment: 'Inside the package a name of its own would mean dist, not the sources.',
      severity: 'error',
      from: { path: '^(operators|src)/' },
      to: { path: '^dist/' },
    },
    {
      name: 'examples-use-public-entry-points',
      comment: 'An example imports the package by its public names, and the files of its own folder.',
      severity: 'error',
      from: { path: '^examples/([^/]+)/' },
      to: {
        path: '^(operators|src|dist|examples)/',
        pathNot: ['^dist/(src|src/native|src/testing|operators|operators/ix)/index\\.(js|d\\.ts)$', '^examples/$1/'],
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
