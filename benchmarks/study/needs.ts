/** What machines may lack. */
import { execFile } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Need } from './question.js'

const run = promisify(execFile)

const root: Need = {
  name: 'root',
  missing: () => Promise.resolve(process.getuid?.() === 0 ? undefined : 'not root: run it as root, or leave it out'),
}

/** Packet-level delay: network namespaces, a TUN device and the forwarder between, see ../support/tun-network.ts. */
export const tunDevice: Need = {
  name: 'network namespaces and /dev/net/tun',
  async missing() {
    const programs = [command('ip', 'iproute2'), command('unshare', 'util-linux'), command('python3')]
    for (const need of [root, ...programs]) {
      const why = await need.missing()
      if (why !== undefined) return why
    }
    try {
      await run('unshare', ['--net', 'true'])
    } catch {
      return 'network namespaces cannot be made: give the container the capability CAP_SYS_ADMIN'
    }
    try {
      await access('/dev/net/tun', constants.R_OK | constants.W_OK)
      return undefined
    } catch {
      return '/dev/net/tun cannot be opened: give the container the device'
    }
  },
}

/** A program in PATH, and the package of Debian that brings it. */
export function command(name: string, debianPackage = name): Need {
  return {
    name,
    async missing() {
      try {
        await run('sh', ['-c', 'command -v "$0"', name])
        return undefined
      } catch {
        return `${name} is not installed: apt-get install ${debianPackage}`
      }
    },
  }
}

/** The limit of open files of one process. */
export function openFiles(count: number): Need {
  return {
    name: `${count} open files`,
    async missing() {
      const limit = await softLimit()
      if (limit === undefined || limit >= count) return undefined
      return `a process may have ${limit} open files, and ${count} are needed: ulimit -n ${count}`
    },
  }
}

async function softLimit(): Promise<number | undefined> {
  try {
    const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8')) ?? []
    return soft === 'unlimited' ? Infinity : Number(soft)
  } catch {
    return undefined
  }
}
