/** Open files that a process may have, where a benchmark needs one for each connection. */
import { CannotRun } from './program.js'

/** The server and the peers have a file descriptor for each connection, and some for themselves. */
export function checkDescriptors(size: number): void {
  const needed = size + 100
  const limit = descriptorLimit()
  if (needed <= limit) return
  throw new CannotRun(
    `${size} connections need ${needed} open files in one process, and the limit here is ${limit}. Raise it and start ` +
      `again from the same shell (\`ulimit -n ${needed}\`, as root if that is refused), or give a --size of at most ` +
      `${Math.max(limit - 100, 0)}.`,
  )
}

/** How many open files a process may have. Node has raised its own limit as far as it may when it started. */
function descriptorLimit(): number {
  const report: unknown = process.report.getReport()
  const limits = memberOf(report, 'userLimits')
  const soft = memberOf(memberOf(limits, 'open_files'), 'soft')
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
