// A policy for all TLS connections of a thread. It gives way: what is under a policy of its own, or comes under one later,
// is left to that.
import type { Server, TLSSocket } from 'node:tls'
import { ClosureError } from '../errors.js'
import { isServerSide, isServersOwn, serverOf, streamBeneath } from '../closure/socket-internals.js'
import { requireRuntime, sslsMade } from '../native/addon.js'
import { sslMadeSince } from '../native/node-ssl.js'
import { ClosureControl } from '../policy/control.js'
import { ControlledSockets, type OnReport } from '../policy/controlled-sockets.js'
import { unfinished } from '../policy/framing.js'
import { followUndici, unfinishedOfAny } from '../policy/undici-messages.js'
import { acceptingServer, type ServerWatch, watchOf, watchServer } from '../policy/watched-servers.js'
import { checkProcessPolicy, type ProcessPolicy, type SidePolicy } from './process-policy.js'
import { watchTlsSockets } from './tls-sockets.js'

/**
 * Lays a policy on every TLS connection that this thread makes or accepts from now on, whichever code does: `tls`,
 * `https`, `http2`, the global `fetch`, libraries that hide their sockets, `new TLSSocket()`. `node --import
 * close-notify/register` calls it before the program, with the policy in `CLOSE_NOTIFY_POLICY`.
 *
 * What is under a policy of its own (`controlClosure`, `closingConnect`) keeps that one, and what comes under one later
 * changes over to it. Connections that were made before the call are left alone. Workers have a policy of their own.
 *
 * `stop()` of the control ends it: new connections are left alone, open ones close as Node has it, closings that have begun
 * go on, and their reports still come.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value; ERR_CLOSURE_CONTROLLED where a
 * policy is on this thread already: stop that one first; ERR_CLOSURE_UNSUPPORTED_RUNTIME; ERR_CLOSURE_LOAD_FAILED
 * @see SSL_shutdown(3), RFC 8446 section 6.1
 */
export function controlProcess(policy?: ProcessPolicy): ClosureControl {
  return layOnProcess(policy, 'policy')
}

/** The same; `name` is what the messages of errors call the policy. */
export function layOnProcess(policy: ProcessPolicy | undefined, name: string): ClosureControl {
  requireRuntime()
  const { servers, clients } = checkProcessPolicy(policy, name)
  if (current?.active === true) {
    const message = 'This thread is under a policy already: call stop() of that control first'
    throw new ClosureError('ERR_CLOSURE_CONTROLLED', message)
  }
  const control = new ClosureControl(undefined, (onReport) => takeProcess(servers, clients, onReport))
  current = control
  return control
}

let current: ClosureControl | undefined

function takeProcess(
  servers: SidePolicy | 'off',
  clients: SidePolicy | 'off',
  onReport: OnReport,
): readonly ControlledSockets[] {
  const ofServers =
    servers === 'off' ? undefined : new ControlledSockets({ ...servers, framing: unfinished, onReport, givesWay: true })
  const ofClients =
    clients === 'off'
      ? undefined
      : new ControlledSockets({ ...clients, framing: unfinishedOfAny, onReport, givesWay: true })
  if (ofClients !== undefined) followUndici()
  const laid = ofServers && new LaidServers(ofServers)
  const forget = watchTlsSockets((socket) => {
    if (!isServerSide(socket)) ofClients?.take(socket)
    else laid?.made(socket)
    laid?.count()
  })
  const all = [ofServers, ofClients].filter((sockets) => sockets !== undefined)
  const [first] = all
  if (first === undefined) forget()
  else {
    first.onStop = () => {
      forget()
      laid?.stop()
    }
  }
  return all
}

/** The servers that the policy of a process is on: from the first connection on, for a server tells nobody that it exists. */
class LaidServers {
  readonly #sockets: ControlledSockets
  readonly #watches = new Set<WeakRef<ServerWatch>>()
  #sslsMade = sslsMade()

  constructor(sockets: ControlledSockets) {
    this.#sockets = sockets
  }

  /** A socket has been made on the server's side of a connection. */
  made(socket: TLSSocket): void {
    const server = serverOf(socket)
    if (server === undefined) this.#sockets.take(socket)
    // By a server that a policy is on: that one takes it when its handshake is done.
    else if (server !== acceptingServer()) this.#madeWith(server, socket)
  }

  /** All SSLs that there are by now are known. */
  count(): void {
    this.#sslsMade = sslsMade()
  }

  stop(): void {
    for (const watch of this.#watches) watch.deref()?.end()
    this.#watches.clear()
  }

  #madeWith(server: Server, socket: TLSSocket): void {
    const ssl = sslMadeSince(this.#sslsMade)
    const watch = watchOf(server) ?? this.#lay(server)
    // Node's server puts its listeners on a socket of its own behind the constructor. Another one may name a server, too.
    process.nextTick(() => {
      const raw = streamBeneath(socket)
      if (raw === undefined || socket.destroyed || !this.#sockets.isActive) ssl?.release()
      else if (isServersOwn(socket)) watch.handshakes.accepted(raw, ssl)
      else this.#sockets.take(socket, ssl)
    })
  }

  #lay(server: Server): ServerWatch {
    for (const known of this.#watches) if (known.deref() === undefined) this.#watches.delete(known)
    const watch = watchServer(server, this.#sockets)
    this.#watches.add(new WeakRef(watch))
    return watch
  }
}
