/** Servers in stock Node, for clients of the web: processes of their own, which know of no policy. */
import process from 'node:process'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import type { Place } from '../../field/place.js'
import { startProcess } from '../../field/process.js'
import type { RoundServer, StartedServer } from './index.js'

export const nodeServers = {
  web: { title: "Node's https", start: (place) => startNode(place, 'web') },
  'socket.io-server': { title: 'socket.io in Node', start: (place) => startNode(place, 'socket.io') },
  'grpc-server': { title: 'grpc-js in Node', start: (place) => startNode(place, 'grpc') },
} as const satisfies Readonly<Record<string, RoundServer>>

async function startNode({ keyFile, certFile }: Place, name: string): Promise<StartedServer> {
  const { match, stop } = await startProcess({
    program: { command: process.execPath, env: { KEY_FILE: keyFile, CERT_FILE: certFile } },
    args: [`peers/${name}.mjs`],
    cwd: sourceFile('.cache/drivers'),
    ready: [/^listening on (\d+)$/],
  })
  return { port: Number(match?.[1]), stop }
}
