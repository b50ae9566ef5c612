/** The runtime: which it is, and whether this package was tried on it. */
import type { Check } from './check.js'

/** The lines of Node on which every test runs. */
export const triedLines: readonly number[] = [20, 22, 24, 26]

/** The oldest Node that the package is for: `engines` of package.json. */
const oldest = { major: 20, minor: 19 } as const

export interface Runtime {
  readonly name: 'Node' | 'Bun' | 'Deno'
  readonly version: string
  /** The major version of Node; of Bun and Deno that of the Node that they stand for. */
  readonly line: number
}

/** The runtime of this process. */
export function thisRuntime(versions: Readonly<Record<string, string | undefined>> = process.versions): Runtime {
  const { bun, deno, node = '0' } = versions
  const line = Number.parseInt(node, 10)
  if (bun !== undefined) return { name: 'Bun', version: bun, line }
  if (deno !== undefined) return { name: 'Deno', version: deno, line }
  return { name: 'Node', version: node, line }
}

export function checkRuntime({ name, version, line }: Runtime): Check {
  const about = { group: 'runtime', name: `${name} ${version}` } as const
  const lines = triedLines.join(', ')
  if (name !== 'Node') {
    const detail = `TLS of ${name} is not OpenSSL: closings of its sockets cannot be controlled`
    const toDo = `run the program on Node, or use close-notify/stream and close-notify/openssl with a libssl by its path`
    return { ...about, status: 'fails', detail, toDo }
  }
  const minor = Number.parseInt(version.split('.')[1] ?? '0', 10)
  if (line < oldest.major || (line === oldest.major && minor < oldest.minor)) {
    const detail = `older than ${oldest.major}.${oldest.minor}, the oldest that this package is for`
    return { ...about, status: 'fails', detail, toDo: `take a newer Node: ${lines}` }
  }
  if (triedLines.includes(line)) return { ...about, status: 'works', detail: `of a line that every test runs on` }
  const isNewer = line > Math.max(...triedLines)
  const detail = `${isNewer ? 'newer than the lines' : 'not of the lines'} that this package was tried on (${lines})`
  const toDo = isNewer
    ? 'the checks below say what works on it; a newer close-notify may know it: npm outdated close-notify'
    : 'the checks below say what works on it'
  return { ...about, status: 'note', detail, toDo }
}
