// Theory of operation
//
// An unwrap is a bidirectional closing that leaves the transport open, by the same machine and through the same call as
// Closure.shutdown(); there is one per connection, and every call of unwrap() is given its outcome. The net.Socket is
// given back only when the report is `clean`: our close_notify has left, and the peer's has been decrypted. Anything else
// destroys the connection, for neither side could know where TLS ends.
//
// With `onTimeout: 'reject'` the machine has no budget: the budgets are those of a call, which gives up on its own, and the
// closing goes on.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { closureOf } from '../closure/closure.js'
import { knownLifetimeOf } from '../closure/lifetime.js'
import { checkAll } from '../options.js'
import { UnwrapError, unwrapErrorOf } from '../report/unwrap-error.js'
import type { ClosureReport } from '../report/verdict.js'
import { type CheckedUnwrapOptions, type UnwrapOptions, unwrapRules } from './unwrap-options.js'

// The longest time that a timer of Node can hold.
const noBudget = 2 ** 31 - 1

export class Unwrapping {
  readonly #socket: TLSSocket
  readonly #giveBack: () => Promise<Socket>
  #outcome: Promise<Socket> | undefined

  /** `giveBack` takes TLS off the net.Socket. */
  constructor(socket: TLSSocket, giveBack: () => Promise<Socket>) {
    this.#socket = socket
    this.#giveBack = giveBack
  }

  get hasBegun(): boolean {
    return this.#outcome !== undefined
  }

  async unwrap(options?: UnwrapOptions): Promise<Socket> {
    const checked = checkAll(unwrapRules, options)
    const isPatient = checked.onTimeout === 'reject'
    const isFirst = this.#outcome === undefined
    this.#outcome ??= this.#begin(checked, isPatient)
    return isFirst && !isPatient ? this.#outcome : this.#withinBudgets(this.#outcome, checked)
  }

  #begin({ onTimeout: _ours, ...checked }: CheckedUnwrapOptions, isPatient: boolean): Promise<Socket> {
    const { signal, onData, ...budgets } = checked
    const outcome = this.#close({
      ...budgets,
      ...(onData !== undefined && { onData }),
      ...(signal !== undefined && !isPatient && { signal }),
      ...(isPatient && { flushTimeout: noBudget, waitTimeout: noBudget }),
    })
    // Somebody may come for it later, or never.
    outcome.catch(() => undefined)
    return outcome
  }

  async #close(options: Omit<UnwrapOptions, 'onTimeout'>): Promise<Socket> {
    const report = await this.#shutdown(options)
    const socket = this.#socket
    // Gone, or ended by the program: its FIN has followed our close_notify.
    if (report.verdict !== 'clean' || socket.destroyed) {
      socket.destroy()
      throw unwrapErrorOf(report, options.signal)
    }
    return this.#giveBack()
  }

  // What the closure refuses has begun nothing: the next call may be a better one.
  async #shutdown(options: Omit<UnwrapOptions, 'onTimeout'>): Promise<ClosureReport> {
    try {
      return await closureOf(this.#socket).shutdown({ ...options, mode: 'bidirectional', afterwards: 'keep-open' })
    } catch (error) {
      this.#outcome = undefined
      throw error
    }
  }

  #withinBudgets(outcome: Promise<Socket>, options: CheckedUnwrapOptions): Promise<Socket> {
    const { flushTimeout, waitTimeout, onTimeout, signal } = options
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const giveUp = (code: 'ERR_UNWRAP_TIMEOUT' | 'ERR_UNWRAP_ABORTED', cause?: unknown) => {
        stop()
        const report = this.#reportSoFar()
        if (report !== undefined) reject(new UnwrapError(code, report, cause === undefined ? {} : { cause }))
        if (code === 'ERR_UNWRAP_ABORTED' || onTimeout === 'destroy') this.#socket.destroy()
      }
      const abort = () => {
        giveUp('ERR_UNWRAP_ABORTED', signal?.reason)
      }
      // The wait begins with our close_notify, of which no event tells. It keeps no process alive: the net.Socket does.
      const look = () => {
        const sentAt = this.#closeNotifySentAt()
        const over = sentAt === undefined ? startedAt + flushTimeout : Math.max(startedAt, sentAt) + waitTimeout
        const left = over - performance.now()
        if (left <= 0) giveUp('ERR_UNWRAP_TIMEOUT')
        else timer = setTimeout(look, sentAt === undefined ? Math.min(left, waitTimeout) : left).unref()
      }
      outcome.then(
        (tcp) => {
          stop()
          resolve(tcp)
        },
        (error: unknown) => {
          stop()
          reject(error instanceof Error ? error : new Error('unwrap() failed', { cause: error }))
        },
      )
      signal?.addEventListener('abort', abort)
      if (signal?.aborted === true) abort()
      else look()
    })
  }

  #closeNotifySentAt(): number | undefined {
    const { alerts } = closureOf(this.#socket)
    return alerts.find(({ direction, name }) => direction === 'sent' && name === 'close_notify')?.at
  }

  #reportSoFar(): ClosureReport | undefined {
    return knownLifetimeOf(this.#socket)?.connection?.report()
  }
}
