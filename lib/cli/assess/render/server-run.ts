import type { ServerRun } from '../../../lab/assess/server.js'

/** How a server closed towards a client profile, and what the client made of that; empty where it makes nothing of it. */
export function outcomeOf({ entry }: ServerRun): { readonly closedBy: string; readonly judged: string } {
  const { handshake, other, judgement } = entry
  if (handshake.kind === 'failed') return { closedBy: `no handshake: ${handshake.reason}`, judged: '' }
  const order = other.closeNotify === undefined ? '' : `, close_notify ${other.closeNotify.order}`
  const judged = judgement === undefined ? '' : `${judgement.verdict}: ${judgement.because}`
  return { closedBy: `${other.closing}${order}`, judged }
}
