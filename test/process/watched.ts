/** A policy on this very process, and tls connections under it. */
import type { Server, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type ClosureControl, type ClosureReport, controlProcess, type ProcessPolicy } from '../../lib/index.js'
import { clientOf, listen } from '../closure/servers.js'
import { tlsServer } from '../policy/harness.js'
import type { ClientOptions } from '../support/pair.js'
import { collect, once, turns } from '../support/streams.js'

export interface Watched {
  readonly control: ClosureControl
  readonly reports: readonly ClosureReport[]
  /** The side and the mode of each report so far, clients first. */
  readonly modes: () => readonly string[]
}

/** Lays a policy on the process until the test is over. */
export function controlled(policy?: ProcessPolicy): Watched {
  const control = controlProcess(policy)
  onTestFinished(() => {
    control.stop()
  })
  return watched(control)
}

export function watched(control: ClosureControl): Watched {
  const reports: ClosureReport[] = []
  control.on('closure', (report) => reports.push(report))
  return { control, reports, modes: () => reports.map(({ side, mode }) => `${side} ${mode}`).sort() }
}

export interface Serving {
  readonly server: Server
  readonly port: number
}

/** A tls server whose connections end when the client does. */
export async function serving(more = {}): Promise<Serving> {
  const server = tlsServer('TLSv1.3', (socket) => socket.resume(), more)
  return { server, port: await listen(server) }
}

export interface Opened {
  readonly client: TLSSocket
  readonly accepted: TLSSocket
}

/** A connection whose handshake is done on both sides. */
export async function open({ server, port }: Serving, more: ClientOptions = {}): Promise<Opened> {
  return opened(server, clientOf(port, more))
}

/** The same, of a client that connects to a server that has no other connection under way. */
export async function opened(server: Server, client: TLSSocket): Promise<Opened> {
  const accepting = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  await once(client, 'secureConnect')
  const accepted = await accepting
  await turns(1)
  return { client, accepted }
}

/** Closes a connection from the client, and waits for both sides and their reports. */
export async function close({ client, accepted }: Opened): Promise<void> {
  const both = [collect(client), collect(accepted)]
  client.end('bye')
  await Promise.all(both)
  await turns(2)
}

/** A connection from its beginning to its end. */
export async function exchange(serving: Serving, more: ClientOptions = {}): Promise<void> {
  await close(await open(serving, more))
}
