import { readdirSync, readFileSync } from 'node:fs'

/** The command lines of the processes that a process has started and that are still there. */
export function commandsOfChildren(parent: number): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const [, of] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return Number(of) === parent ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()] : []
    } catch {
      // It has gone meanwhile.
      return []
    }
  })
}
