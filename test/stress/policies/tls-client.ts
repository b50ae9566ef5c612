/** Clients on plain TLS: both sides write, and end as planned. */
import { connect as connectTcp } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { controlClosure } from '../../../lib/index.js'
import type { Clients } from './clients.js'
import { reset } from './cutter.js'
import type { LanePlan } from './plan.js'
import { connectOptions, ignore, Incoming, read, type Scene, writePieces } from './scene.js'
import { checkTlsEnd, endAs } from './servers.js'

export async function runTls(clients: Clients): Promise<void> {
  const { scene } = clients
  const [exchange] = scene.lanes[0] ?? []
  if (exchange === undefined) return
  await everyLane(clients, async (lane, number) => {
    const socket = connectLane(clients, lane)
    const incoming = new Incoming(scene, 'client tls', exchange.response)
    read(scene, socket, lane.exchanges[0]?.reader ?? { kind: 'flowing' }, (bytes) => incoming.push(bytes))
    socket.once('end', () => checkTlsEnd(scene, 'client', clients.controls, socket, incoming))
    socket.once('error', (error) => checkTruncationError(clients, socket, error))
    socket.once('secureConnect', () => {
      writePieces(scene, exchange.plan, exchange.upload, (piece, _number, isLast) => {
        if (!socket.writable) return false
        socket.write(piece)
        if (isLast) endLane(scene, socket, lane)
        return true
      })
    })
    await scene.track(`lane ${number}`, closed(socket))
    if (scene.plan.isCalm && !incoming.isWhole) scene.fail(`calm, and closed after ${String(incoming)}`)
  })
}

/** Runs all lanes at once. */
export async function everyLane(
  { scene }: Clients,
  run: (lane: LanePlan, number: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    scene.plan.lanes.map(async (lane, number) => {
      if (lane.after > 0) await scene.pause(lane.after)
      if (!scene.isOver) await run(lane, number)
    }),
  )
}

/** The socket of a lane, controlled if the plan says so. */
export function connectLane(clients: Clients, lane: LanePlan, ALPNProtocols: readonly string[] = []): TLSSocket {
  const { scene, port } = clients
  const raw = lane.clientEnding.how === 'reset' ? connectTcp({ host: '127.0.0.1', port }) : undefined
  raw?.on('error', ignore)
  // `tls.connect` takes allowHalfOpen, whatever its types say.
  const options: tls.ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    ...connectOptions(scene.plan, port),
    ALPNProtocols: [...ALPNProtocols],
    allowHalfOpen: lane.isSilent && ALPNProtocols.length === 0,
    ...(raw !== undefined && { socket: raw }),
  }
  const socket = tls.connect(options)
  socket.on('error', ignore)
  clients.controls.start((policy) => controlClosure(socket, policy), socket)
  clients.watch(socket)
  if (raw !== undefined) resetters.set(socket, () => reset(raw, socket.writableEnded))
  const forget = scene.onAbandon(() => socket.destroy())
  socket.once('close', forget)
  clients.destroyAll = () => {
    for (const each of clients.sockets) each.destroy()
  }
  return socket
}

const resetters = new WeakMap<TLSSocket, () => void>()

export function endLane(scene: Scene, socket: TLSSocket, { clientEnding }: LanePlan): void {
  endAs(scene, socket, clientEnding, () => resetters.get(socket)?.())
}

export function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** A truncation error comes only where it was asked for, and only where no close_notify came. */
export function checkTruncationError(clients: Clients, socket: TLSSocket | undefined, error: unknown): boolean {
  const found = truncationIn(error)
  if (found === undefined) return false
  const { scene, controls } = clients
  scene.count('truncation errors')
  if (!controls.mayDemand) scene.fail('a truncation error that nobody asked for')
  const report: unknown = 'report' in found ? found.report : undefined
  if (typeof report !== 'object' || report === null || !('received' in report)) {
    scene.fail('a truncation error without a report')
  } else if (JSON.stringify(report.received).includes('close_notify')) {
    scene.fail(`a truncation error after close_notify: ${JSON.stringify(report)}`)
  }
  if (socket !== undefined && controls.controls(socket) && !controls.demands(socket)) {
    scene.fail('a truncation error on a connection that only reports')
  }
  return true
}

function truncationIn(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && error.code === 'ERR_TLS_TRUNCATED') return error
  return truncationIn(error.cause)
}
