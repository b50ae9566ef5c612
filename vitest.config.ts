import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: [
      'test/support/make-certificates.ts',
      'test/support/build.ts',
      'test/support/builds.ts',
      'test/support/peers/programs.ts',
    ],
    // A process per file: many tests are about what a process has loaded, or how it ends.
    pool: 'forks',
    // Most of a test's time is waiting. More at once would make each other late.
    maxWorkers: 2,
    // Hang guards. No test of this package measures time by them.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    execArgv: ['--expose-gc'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'tsconfig.json', ignoreSourceErrors: true },
  },
})
