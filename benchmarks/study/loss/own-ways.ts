/** The ways of closing that the package adds. */
import type tls from 'node:tls'
import { type ClosurePolicy, type ClosureReport, closureOf, controlClosure } from '../../../lib/index.js'
import type { ClosureWay, PolicyWay } from './situations.js'
import type { Claim, Closer } from './way.js'

export function closureCloser(mode: ClosureWay, flushTimeout: number | undefined): Closer {
  return {
    control() {},
    watch: async (socket) => claimOf(await closureOf(socket).report),
    close(socket) {
      void closureOf(socket).shutdown({ mode, ...(flushTimeout !== undefined && { flushTimeout }) })
    },
  }
}

const policies: Readonly<Record<PolicyWay, ClosurePolicy>> = {
  'policy, destroy()': { onDestroy: 'close_notify' },
  'policy, unidirectional': { mode: 'unidirectional' },
  'policy, bidirectional': { mode: 'bidirectional' },
  'https, policy, unidirectional': { mode: 'unidirectional' },
  'https, policy, bidirectional': { mode: 'bidirectional' },
}

export function policyCloser(way: PolicyWay, flushTimeout: number | undefined): Closer {
  const waiting = new Map<tls.TLSSocket, (claim: Claim) => void>()
  return {
    control(server) {
      const policy = { ...policies[way], ...(flushTimeout !== undefined && { flushTimeout }) }
      controlClosure(server, policy).on('closure', (report, socket) => {
        waiting.get(socket)?.(claimOf(report))
        waiting.delete(socket)
      })
    },
    watch: (socket) => new Promise((resolve) => waiting.set(socket, resolve)),
    close(socket) {
      if (way === 'policy, destroy()') socket.destroy()
      else socket.end()
    },
  }
}

function claimOf({ verdict, sent, undeliveredBytes }: ClosureReport): Claim {
  return { verdict, sent: sent.kind, ...(undeliveredBytes !== undefined && { undelivered: undeliveredBytes }) }
}
