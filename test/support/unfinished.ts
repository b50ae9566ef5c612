/**
 * A reporter beside vitest's own, which says of a process that ended in the middle of its tests only that one did: names the
 * file, and the tests that had no result yet.
 */
import type { Reporter, TestModule } from 'vitest/node'

export default class Unfinished implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const line of modules.flatMap(unfinished)) console.error(line)
  }
}

function unfinished(module: TestModule): readonly string[] {
  const state = module.state()
  if (state !== 'pending' && state !== 'queued') return []
  const tests = [...module.children.allTests('pending')].map(({ fullName }) => `  ${fullName}`)
  return [`${module.relativeModuleId} did not come to its end. Tests without a result: ${tests.length}`, ...tests]
}
