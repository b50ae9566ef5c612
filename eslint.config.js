import eslint from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// biome formats and has the rules that need no types; here are those that do.
export default defineConfig(
  { ignores: ['dist/', 'build/', 'coverage/', '.cache/', 'prebuilds/'] },
  {
    files: ['lib/**/*.ts', 'test/**/*.ts', 'benchmarks/**/*.ts', '*.config.ts', 'examples/**/*.mjs'],
    extends: [eslint.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // It believes that nothing changes across a callback or an await: here that is what happens all the time, and the
      // checks that it calls unnecessary are the ones that matter.
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
  {
    // The compiler knows what is defined, as everywhere else.
    files: ['examples/**/*.mjs'],
    rules: { 'no-undef': 'off' },
  },
  {
    // The one file that tells the types of the addon, which no compiler checks.
    files: ['lib/native/addon.ts'],
    rules: { '@typescript-eslint/consistent-type-assertions': 'off' },
  },
)
