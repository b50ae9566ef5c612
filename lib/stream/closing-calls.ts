// What a program may call for to close a stream, and when.
import { sendCloseNotify } from '../closing/half-close.js'
import { ClosureError } from '../errors.js'
import type { EngineConnection } from './connection.js'
import type { EngineSide } from './engine-side.js'
import { closed } from './refusals.js'

/** @throws ClosureError ERR_CLOSURE_CLOSED; ERR_CLOSURE_HANDSHAKE_PENDING; ERR_CLOSURE_IN_PROGRESS */
export function requireOpen(call: string, { isSecured, isFreed, transport, evidence }: EngineConnection): void {
  if (isFreed || transport.hasFin) throw closed(call)
  if (!isSecured) {
    const message = `${call} came before the handshake was done: wait for 'secureConnect' or 'secure'`
    throw new ClosureError('ERR_CLOSURE_HANDSHAKE_PENDING', message)
  }
  if (evidence.closing === undefined) return
  throw new ClosureError('ERR_CLOSURE_IN_PROGRESS', `${call} came after the closing had begun: await report`)
}

/**
 * Sends our close_notify, in at most `flushTimeout` ms.
 *
 * @throws (rejects) ClosureError ERR_CLOSURE_FLUSH_TIMEOUT; ERR_CLOSURE_OPENSSL; ERR_CLOSURE_CLOSED
 */
export async function sendAlertAlone(
  side: EngineSide,
  { evidence }: EngineConnection,
  flushTimeout: number,
): Promise<void> {
  const sending = await sendCloseNotify(side, flushTimeout)
  if (sending === 'flush-timeout') {
    const message = `what was written did not leave within ${flushTimeout} ms (flushTimeout)`
    throw new ClosureError('ERR_CLOSURE_FLUSH_TIMEOUT', message)
  }
  if (sending === 'tcp-end' || !evidence.hasWrittenCloseNotify()) throw closed('closeNotify()')
}
