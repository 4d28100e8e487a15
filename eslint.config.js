import { defineConfig, globalIgnores } from 'eslint/config'
import rxjsX from 'eslint-plugin-rxjs-x'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'api-reference/', '.data/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjsX.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowAny: false, allowNullish: false },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],

      // Loops over a buffer or a table index by number, and know that the index is in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      // Options are checked against callers without types, and a callback may have closed what was open a line ago:
      // the compiler believes in neither.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `type` for unions and function shapes, `interface` for contracts; the choice is the author's.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // A type parameter that stands once in a signature is how a contract names what a user's type is.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',

      // firstValueFrom of a stream that may be empty rejects with EmptyError, which is what is meant where it is used.
      'rxjs-x/no-ignored-default-value': 'off',

      // What RxJS makes easy to get wrong. Named here so that a change of the preset cannot drop one.
      'rxjs-x/no-async-subscribe': 'error',
      'rxjs-x/no-exposed-subjects': 'error',
      'rxjs-x/no-floating-observables': 'error',
      'rxjs-x/no-ignored-error': 'error',
      'rxjs-x/no-internal': 'error',
      'rxjs-x/no-nested-subscribe': 'error',
      'rxjs-x/no-sharereplay': 'error',
      'rxjs-x/no-unsafe-takeuntil': 'error',
      'rxjs-x/throw-error': 'error',
    },
  },

  {
    files: ['operators/**/*.ts', 'src/**/*.ts'],
    rules: {
      // `require('wallarx')` works as long as no module of the graph awaits at its top level.
      'no-restricted-syntax': [
        'error',
        {
          selector: 'AwaitExpression:not(:function AwaitExpression)',
          message: 'A top-level await breaks require() of this package.',
        },
        {
          selector: 'ForOfStatement[await=true]:not(:function ForOfStatement)',
          message: 'A top-level await breaks require() of this package.',
        },
      ],
    },
  },
  {
    files: ['operators/**/*.ts', 'src/**/*.ts'],
    ignores: ['src/step/operate.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'rxjs',
              importNames: ['Subscriber'],
              message: 'Only src/step/operate.ts knows Subscriber: use operate().',
            },
          ],
        },
      ],
    },
  },
  {
    // RxJS marks Subscriber as deprecated because it becomes internal in 8, where operate() is public instead.
    files: ['src/step/operate.ts'],
    rules: {
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'rxjs-x/no-subclass': 'off',
    },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },

  {
    files: ['test/**/*.ts', 'examples/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // A test may subscribe to see what happens, and may do it inside another subscription.
      'rxjs-x/no-exposed-subjects': 'off',
      'rxjs-x/no-floating-observables': 'off',
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/throw-error': 'off',
    },
  },
)
