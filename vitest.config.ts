import { configDefaults, defineConfig } from 'vitest/config'

// What takes long and seldom finds anything: run by `npm run test:slow` and by .ci/run, which runs all of it on the oldest and the newest of the other Nodes too.
const slow = [
  // The instruments of the study, end to end; its short form is a step of .ci/run, too.
  'test/benchmarks/study/study.test.ts',
  'test/benchmarks/study/closing-cost.test.ts',
  'test/benchmarks/study/load.test.ts',
  'test/benchmarks/study/builds.test.ts',
  'test/benchmarks/study/overhead/speed.test.ts',
  'test/benchmarks/study/overhead-question.test.ts',
  'test/benchmarks/support/tun-network.test.ts',
  'test/bundles/bundles.test.ts',
  'test/cli/compare/command.test.ts',
  'test/drivers/recipes/one-subject.test.ts',
  'test/hazards/flat-memory.test.ts',
  'test/metrics/scraped.test.ts',
  'test/learned/mixed-population.test.ts',
  // By chance or at every place; each has a few cases of its kind in another test.
  'test/openssl/model.test.ts',
  'test/openssl/random-calls.test.ts',
  'test/policy/truncation/*-sweep.test.ts',
  'test/lab/probe/ccc.test.ts',
  'test/openssl/memory.test.ts',
  'test/lab/campaign/memory.test.ts',
  'test/policy/frameworks/frameworks.test.ts',
  'test/scripts/package/checkout.test.ts',
  'test/stress/**/*.test.ts',
]

// `slow` or `all`; the others without it.
const wanted = process.env['CLOSE_NOTIFY_TESTS']

export default defineConfig({
  test: {
    include: wanted === 'slow' ? slow : ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(wanted === undefined ? slow : [])],
    globalSetup: [
      'test/support/make-certificates.ts',
      'test/support/build.ts',
      'test/support/builds.ts',
      'test/support/peers/programs.ts',
      'test/support/undici8.ts',
    ],
    reporters: ['default', './test/support/unfinished.ts'],
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
