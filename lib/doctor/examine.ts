/** All checks, one after the other: what each stands on comes before it. */
import { adviceOf } from '../error-facts.js'
import { ClosureError } from '../errors.js'
import { type Credentials, credentialsFor } from '../lab/credentials.js'
import { describeLacks, installCommand, lackingLibraries } from '../lab/libraries.js'
import { addonOrigin, runtimeSupport } from '../native/addon.js'
import { loadOpenSSL } from '../openssl/load.js'
import type { OpenSSL } from '../openssl/openssl.js'
import { type Check, type Group, type Report, textOf } from './check.js'
import { checkLoopback, checkPolicies } from './closings.js'
import { loopbackFailure } from './loopback.js'
import { lookForMembers } from './members.js'
import { checkMemory } from './memory.js'
import { checkRuntime, type Runtime, triedLines } from './runtime.js'

export async function examine(runtime: Runtime, report: Report): Promise<void> {
  report(checkRuntime(runtime))
  report(checkAddon(runtime))
  const openssl = reachOpenSSL()
  report(checkOpenSSL(openssl, runtime))
  report(checkProgram())
  if (runtime.name !== 'Node') return
  const credentials = await credentialsFor('localhost')
  const noLoopback = await loopbackFailure()
  const notRun = (group: Group, needs: string) => {
    report({ group, name: group === 'members' ? 'each' : 'each mode', status: 'not-run', detail: `stands on ${needs}` })
  }
  if (noLoopback === undefined) for (const check of await checkMembers(credentials)) report(check)
  else notRun('members', connections)
  if (openssl instanceof Error) notRun('memory', 'the addon, and on OpenSSL')
  else for (const check of await checkMemory(openssl, credentials)) report(check)
  if (noLoopback !== undefined) {
    report(checkConnections(noLoopback))
    notRun('policy', connections)
  } else if (openssl instanceof Error) {
    for (const group of ['loopback', 'policy'] as const) notRun(group, 'the addon, and on OpenSSL')
  } else {
    for (const check of await checkLoopback(credentials)) report(check)
    for (const check of await checkPolicies(credentials)) report(check)
  }
}

const connections = 'connections over loopback'

function checkConnections(failure: Error): Check {
  const toDo =
    'bring the network interface of loopback up (ip link set lo up), and let this process listen on and connect to 127.0.0.1; ' +
    'what was looked at without connections stands above'
  return { group: 'loopback', name: 'a TCP connection', status: 'fails', detail: textOf(failure), toDo }
}

const origins = {
  built: 'built on this machine',
  prebuilt: 'carried by the package',
  environment: 'named by CLOSE_NOTIFY_BINARY',
} as const

function checkAddon({ name }: Runtime): Check {
  const about = { group: 'addon', name: 'close_notify.node' } as const
  const origin = addonOrigin()
  if (origin !== undefined) return { ...about, status: 'works', detail: `${origin.file}, ${origins[origin.from]}` }
  const support = runtimeSupport()
  const reason = support.supported ? new Error('it was not loaded') : support.reason
  const advice = adviceOn(reason)
  const toDo = name === 'Deno' ? `allow it to be loaded: --allow-ffi --allow-read --allow-env; else ${advice}` : advice
  return { ...about, status: 'fails', detail: textOf(reason), toDo }
}

function adviceOn(reason: Error): string {
  const facts = reason instanceof ClosureError ? reason.facts : undefined
  return facts?.code === 'ERR_CLOSURE_LOAD_FAILED' ? adviceOf(facts.remedy) : reason.message
}

function reachOpenSSL(): OpenSSL | Error {
  const support = runtimeSupport()
  if (!support.supported) return support.reason
  try {
    return loadOpenSSL()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function checkOpenSSL(openssl: OpenSSL | Error, { name }: Runtime): Check {
  const about = { group: 'openssl', name: "the process's own" } as const
  if (openssl instanceof Error) {
    if (addonOrigin() === undefined) return { ...about, status: 'not-run', detail: 'stands on the addon' }
    const toDo =
      name === 'Node'
        ? 'take a Node whose functions of OpenSSL can be found, as the official ones and those of distributions'
        : 'give loadOpenSSL() the path of a libssl'
    return { ...about, status: 'fails', detail: textOf(openssl), toDo }
  }
  return { ...about, status: 'works', detail: openssl.version }
}

async function checkMembers(credentials: Credentials): Promise<readonly Check[]> {
  const { members, failures } = await lookForMembers(credentials)
  const toDo = `take a Node of a line that was tried (${triedLines.join(', ')}), or a newer close-notify`
  return [
    ...failures.map((detail): Check => ({ group: 'members', name: 'a connection', status: 'fails', detail, toDo })),
    ...members.map(({ internal: { member, of, purpose }, lack }): Check => {
      const about = { group: 'members', name: `${member} of ${of}` } as const
      return lack === undefined
        ? { ...about, status: 'works', detail: purpose }
        : { ...about, status: 'fails', detail: `${lack}; what it is for: ${purpose}`, toDo }
    }),
  ]
}

function checkProgram(): Check {
  const about = { group: 'program', name: 'its libraries' } as const
  const lacks = lackingLibraries()
  if (lacks.length === 0) return { ...about, status: 'works', detail: 'all commands can be run' }
  const detail = `${describeLacks(lacks)}: the program can run doctor alone; nothing else needs them`
  return { ...about, status: 'note', detail, toDo: installCommand(lacks) }
}
