// Theory of operation
//
// An unwrap is a bidirectional closing that leaves the transport open, by the same machine and through the same call as
// Closure.shutdown(); there is one per connection, and every call of unwrap() is given its outcome. The net.Socket is
// given back only when the report is `clean`: our close_notify has left, and the peer's has been decrypted. Anything else
// destroys the connection, for neither side could know where TLS ends.
//
// With `onTimeout: 'reject'` the machine has no budget: the budgets are those of a call, which gives up on its own, and the
// closing goes on. It may be over when nobody waits: the net.Socket is given back to the next call, and until then TLS
// keeps it, for there its errors are heard.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { closureOf } from '../closure/closure.js'
import { knownLifetimeOf } from '../closure/lifetime.js'
import { isTelling, tell } from '../closure/story.js'
import { checkAll } from '../options.js'
import { UnwrapError, unwrapErrorOf } from '../report/unwrap-error.js'
import type { ClosureReport } from '../report/verdict.js'
import { type CheckedUnwrapOptions, type UnwrapOptions, unwrapRules } from './unwrap-options.js'

// The longest time that a timer of Node can hold.
const noBudget = 2 ** 31 - 1

export class Unwrapping {
  readonly #socket: TLSSocket
  readonly #giveBack: () => Promise<Socket>
  #closing: Promise<ClosureReport> | undefined
  // The signal that the machine listens to.
  #signal: AbortSignal | undefined
  #given: Promise<Socket> | undefined

  /** `giveBack` takes TLS off the net.Socket. */
  constructor(socket: TLSSocket, giveBack: () => Promise<Socket>) {
    this.#socket = socket
    this.#giveBack = giveBack
  }

  get hasBegun(): boolean {
    return this.#closing !== undefined
  }

  async unwrap(options?: UnwrapOptions): Promise<Socket> {
    const checked = checkAll(unwrapRules, options)
    const isPatient = checked.onTimeout === 'reject'
    const isFirst = this.#closing === undefined
    if (isTelling) tell(this.#socket, 'unwrap() is called')
    this.#closing ??= this.#begin(checked, isPatient)
    const report = await (isFirst && !isPatient ? this.#closing : this.#withinBudgets(this.#closing, checked))
    this.#given ??= this.#takeBack(report)
    return this.#given
  }

  #begin({ onTimeout: _ours, ...checked }: CheckedUnwrapOptions, isPatient: boolean): Promise<ClosureReport> {
    const { signal, onData, ...budgets } = checked
    if (!isPatient) this.#signal = signal
    const closing = this.#close({
      ...budgets,
      ...(onData !== undefined && { onData }),
      ...(signal !== undefined && !isPatient && { signal }),
      ...(isPatient && { flushTimeout: noBudget, waitTimeout: noBudget }),
    })
    // Somebody may come for it later, or never.
    closing.catch(() => undefined)
    return closing
  }

  async #close(options: Omit<UnwrapOptions, 'onTimeout'>): Promise<ClosureReport> {
    try {
      const closure = closureOf(this.#socket)
      const report = await closure.shutdown({ ...options, mode: 'bidirectional', afterwards: 'keep-open' })
      // Bytes that TLS has taken from behind the alert are lost: the gate should let none through.
      if (report.verdict !== 'clean' || report.surplusBytes > 0) this.#socket.destroy()
      return report
    } catch (error) {
      // What the closure refuses has begun nothing: the next call may be a better one.
      this.#closing = undefined
      throw error
    }
  }

  // Both alerts may have passed, and the connection be gone since.
  async #takeBack(report: ClosureReport): Promise<Socket> {
    if (report.verdict !== 'clean' || this.#socket.destroyed) throw unwrapErrorOf(report, this.#signal)
    const socket = await this.#giveBack()
    if (isTelling) tell(this.#socket, 'the net.Socket is given back')
    return socket
  }

  #withinBudgets(closing: Promise<ClosureReport>, options: CheckedUnwrapOptions): Promise<ClosureReport> {
    const { flushTimeout, waitTimeout, onTimeout, signal } = options
    const startedAt = performance.now()
    let isOver = false
    let timer: NodeJS.Timeout | undefined
    return new Promise((resolve, reject) => {
      const stop = () => {
        isOver = true
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const giveUp = (code: 'ERR_UNWRAP_TIMEOUT' | 'ERR_UNWRAP_ABORTED', options?: ErrorOptions) => {
        const report = this.#reportSoFar()
        if (isOver || report === undefined) return
        stop()
        reject(new UnwrapError(code, report, options))
        if (code === 'ERR_UNWRAP_ABORTED' || onTimeout === 'destroy') this.#socket.destroy()
      }
      const abort = () => {
        giveUp('ERR_UNWRAP_ABORTED', { cause: signal?.reason })
      }
      // The wait begins with our close_notify, of which no event tells. It keeps no process alive: the net.Socket does.
      const look = () => {
        const sentAt = this.#closeNotifySentAt()
        const over = sentAt === undefined ? startedAt + flushTimeout : Math.max(startedAt, sentAt) + waitTimeout
        const left = over - performance.now()
        if (left <= 0) giveUp('ERR_UNWRAP_TIMEOUT')
        else timer = setTimeout(look, sentAt === undefined ? Math.min(left, waitTimeout) : left).unref()
      }
      closing.then(
        (report) => {
          stop()
          resolve(report)
        },
        (error: unknown) => {
          stop()
          reject(error instanceof Error ? error : new Error('unwrap() failed', { cause: error }))
        },
      )
      signal?.addEventListener('abort', abort)
      // What is over already, or cannot begin, is told by then.
      setImmediate(() => {
        if (isOver) return
        if (signal?.aborted === true) abort()
        else look()
      })
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
