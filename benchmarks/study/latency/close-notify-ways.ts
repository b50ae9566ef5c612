/** The package: by shutdown() of a socket, and by a policy under which the program calls end() as it always did. */
import tls from 'node:tls'
import { closureOf, controlClosure } from '../../../lib/index.js'
import type { ClosureMode } from '../../../lib/index.js'
import type { Begin, Ways } from './closer-process.js'
import { finished } from './node-ways.js'

export const ways: Ways<tls.TLSSocket> = {
  connect: (destination) => tls.connect(destination),
  // A program that closes by shutdown() has its closure by then.
  prepare: (socket) => closureOf(socket),
  begin: {
    quiet: shutdown('quiet'),
    unidirectional: shutdown('unidirectional'),
    bidirectional: shutdown('bidirectional'),
    'policy-quiet': underPolicy('quiet'),
    'policy-unidirectional': underPolicy('unidirectional'),
    'policy-bidirectional': underPolicy('bidirectional'),
  },
}

function shutdown(mode: ClosureMode): Begin<tls.TLSSocket> {
  return (socket, payload, waitTimeout) => {
    socket.write(payload)
    const report = closureOf(socket).shutdown({ mode, waitTimeout })
    return { done: report.then(() => undefined), result: async () => (await report).verdict }
  }
}

function underPolicy(mode: ClosureMode): Begin<tls.TLSSocket> {
  return (socket, payload, waitTimeout) => {
    controlClosure(socket, { mode, waitTimeout })
    const done = finished(socket)
    socket.end(payload)
    return { done, result: async () => await verdictOf(socket) }
  }
}

async function verdictOf(socket: tls.TLSSocket): Promise<string> {
  return (await closureOf(socket).report).verdict
}
