// Node's own C headers, as they lie beside the running Node in official archives, in distribution packages with their
// development part installed, and in the npm packages of Node. With them nothing has to be downloaded for a build.
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Looks for the headers of exactly this Node.
 *
 * @returns {{ nodedir: string } | { reason: string }} the folder that has `include/node`, or why there is none
 */
export function findNodeHeaders(execPath = process.execPath, version = process.version) {
  const reasons = []
  for (const executable of new Set([realpathSync(execPath), execPath])) {
    const nodedir = dirname(dirname(executable))
    const header = join(nodedir, 'include', 'node', 'node_version.h')
    const found = versionIn(header)
    if (found === version) return { nodedir }
    reasons.push(`${header}: ${found ? `headers of ${found}, expected ${version}` : 'no such file'}`)
  }
  return { reason: reasons.join('; ') }
}

/**
 * The environment in which node-gyp builds against the headers beside this Node, or against downloaded ones where there
 * are none. An environment variable, for node-gyp lets npm's configuration override its own command line.
 */
export function nodeGypEnvironment(headers = findNodeHeaders(), environment = process.env) {
  if (!('nodedir' in headers)) return environment
  const kept = Object.entries(environment).filter(
    ([name]) => !/^npm_(package_config_node_gyp|config)_nodedir$/i.test(name),
  )
  return { ...Object.fromEntries(kept), npm_config_nodedir: headers.nodedir }
}

function versionIn(header) {
  let text
  try {
    text = readFileSync(header, 'utf8')
  } catch {
    return undefined
  }
  const part = (name) => text.match(new RegExp(`^#define NODE_${name}_VERSION (\\d+)`, 'm'))?.[1]
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`
}
