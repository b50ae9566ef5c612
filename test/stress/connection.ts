/** Carries out one plan and gives everything that was wrong about it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Side } from '../../lib/tls/records.js'
import type { ClosureReport } from '../../lib/index.js'
import { type Account, type Actor, pattern } from './actor.js'
import type { Plan } from './plan.js'
import { openEnds } from './protocols.js'
import { type Sent, Tap } from './tap.js'

export interface Outcome {
  readonly failures: readonly string[]
  /** Names of what happened, for the counts that a run prints. */
  readonly events: readonly string[]
}

/** A hang guard: everything must have settled so many ms after both sockets were destroyed. */
const guard = 20_000

export async function runConnection(plan: Plan): Promise<Outcome> {
  const failures: string[] = []
  const ends = await openEnds(plan)
  const seen: Record<Side, number> = { client: 0, server: 0 }
  const tap = await Tap.open({
    port: ends.port,
    delay: plan.delay,
    resetsPass: plan.resetsPass,
    onData: (from, bytes) => {
      const at = seen[from]
      seen[from] += bytes.length
      if (plan.protocol !== 'tls' || bytes.equals(pattern.subarray(at, at + bytes.length))) return
      failures.push(`${from}: data at ${at} is not what was written`)
    },
  })
  ends.onKeylog((line) => tap.keys.add(line))
  const client = ends.connect(tap.port)
  // A server that is gone too soon has not told all keys.
  client.socket.on('keylog', (line: Buffer) => tap.keys.add(line))
  await bothClosed(plan, client, ends.server)
  const server = ends.server()
  client.destroy()
  server?.destroy()
  ends.abandon()

  const settled = Promise.all([client.settled(), server?.settled(), tap.finished])
  const controller = new AbortController()
  const late = sleep(guard, 'late', { signal: controller.signal }).catch(() => 'never')
  if ((await Promise.race([settled, late])) === 'late') {
    const pending = [...client.pending.map((name) => `client ${name}`), ...(server?.pending ?? [])]
    failures.push(`not settled: ${pending.join(', ') || 'the wire'}`)
  }
  controller.abort()
  await tap.close()
  await ends.close()

  const facts = {
    plan,
    client: { account: client.account(), sent: tap.sent('client') },
    server: server === undefined ? undefined : { account: server.account(), sent: tap.sent('server') },
  }
  return check(facts, failures)
}

async function bothClosed(plan: Plan, client: Actor, server: () => Actor | undefined): Promise<void> {
  const until = performance.now() + plan.hold
  const isClosed = () => client.socket.closed && server()?.socket.closed !== false
  while (performance.now() < until && !isClosed()) await sleep(2)
}

interface SideFacts {
  readonly account: Account
  readonly sent: Sent | undefined
}

function check(
  facts: { readonly plan: Plan; readonly client: SideFacts; readonly server: SideFacts | undefined },
  failures: string[],
): Outcome {
  const { plan, client, server } = facts
  const events: string[] = []
  if (server === undefined) events.push('no server side')
  for (const [name, side, peer] of [
    ['client', client, server],
    ['server', server, client],
  ] as const) {
    if (side === undefined) continue
    const found = new SideCheck(plan, side, peer)
    failures.push(...found.failures.map((failure) => `${name}: ${failure}; ${describe(side)}`))
    events.push(...found.events)
  }
  return { failures, events }
}

class SideCheck {
  readonly failures: string[] = []
  readonly events: string[] = []

  constructor(plan: Plan, { account, sent }: SideFacts, peer: SideFacts | undefined) {
    this.failures.push(...account.complaints)
    const { report, shutdown } = account
    if (report === undefined) {
      if (account.taken) this.#fail('no report')
      return
    }
    this.events.push(`verdict ${report.verdict}`)
    if (shutdown !== undefined) this.events.push(`shutdown ended by ${String(shutdown.endedBy)}`)
    if (sent === undefined || report.handshake !== 'completed') return
    this.#alerts(report, sent)
    if (shutdown !== undefined && shutdown.sent.kind === 'close_notify' && report.sent.kind !== 'close_notify') {
      this.#fail(`shutdown() reported close_notify, the report ${report.sent.kind}`)
    }
    this.#data(plan, report, account, sent)
    if (peer?.sent !== undefined) this.#received(plan, report, account, peer.sent)
  }

  // The report says of our close_notify what was on the wire.
  #alerts(report: ClosureReport, sent: Sent): void {
    if (sent.closeNotifies > 1) this.#fail(`${sent.closeNotifies} close_notify on the wire`)
    if (sent.undecryptable > 0) this.#fail(`${sent.undecryptable} records cannot be decrypted`)
    if (sent.afterCloseNotify > 0) this.#fail(`${sent.afterCloseNotify} bytes of data after close_notify`)
    if (report.alerts.filter(({ direction }) => direction === 'sent').length > 1) {
      this.#fail(`several alerts written: ${JSON.stringify(report.alerts)}`)
    }
    const { kind } = report.sent
    if (report.sent.kind === 'close_notify' && sent.closeNotifies === 0) {
      // No write succeeds after a RST has come; before it, the tap can have lost what the kernel had accepted.
      const isLate = sent.cutAt !== undefined && report.sent.at > sent.cutAt + 1
      // A kernel that closes a socket with unread data sends RST in place of what it has accepted and not sent yet:
      // with Node's own closing nobody drains it, and no evidence in this process tells.
      const isLost = sent.end === 'cut' || sent.end === 'rst' || sent.end === 'fin-or-rst'
      if (isLost && !isLate) this.events.push(`close_notify lost after the kernel took it: ${report.mode}, ${sent.end}`)
      else this.#fail('close_notify reported as sent is missing on the wire')
    }
    if (kind === 'close_notify' && sent.closeNotifies === 1) this.events.push('close_notify sent and seen')
    if (kind === 'not-flushed') this.events.push(`not-flushed, on the wire: ${sent.closeNotifies}`)
    if (kind === 'nothing' && sent.closeNotifies > 0) this.#fail('close_notify on the wire, reported as not sent')
  }

  // All that was written before an orderly closing is on the wire before its alert, or reported as not delivered.
  #data(plan: Plan, report: ClosureReport, account: Account, sent: Sent): void {
    if (sent.end === 'cut') return
    const { writtenBeforeClosing, orderly } = account
    // http2 drops what is under way when anybody destroys a session, and a request's body when its response is there.
    const isWhole = plan.protocol !== 'http2' || (report.side === 'server' && isUndisturbed(plan))
    if (sent.closeNotifies === 1 && orderly && isWhole && sent.beforeCloseNotify < writtenBeforeClosing) {
      this.#fail(`${writtenBeforeClosing} bytes were written before the closing`)
    }
    const { undeliveredBytes } = report
    if (undeliveredBytes === undefined) {
      this.events.push('what was not delivered cannot be known')
      return
    }
    if (plan.protocol !== 'tls' || sent.data >= writtenBeforeClosing - undeliveredBytes) return
    if (sent.end === 'rst' || sent.end === 'fin-or-rst') this.events.push('data lost by a reset of the kernel')
    else this.#fail(`${writtenBeforeClosing} bytes were written, ${undeliveredBytes} reported as not delivered`)
  }

  // This side reports what the peer's wire shows, and that is what reached its reader.
  #received(plan: Plan, report: ClosureReport, account: Account, peer: Sent): void {
    if (report.received.kind === 'close_notify' && peer.closeNotifies === 0 && peer.end !== 'cut') {
      this.#fail('close_notify reported as received was never sent')
    }
    if (plan.protocol !== 'tls' || !account.ended || report.received.kind !== 'close_notify') return
    const accounted = account.received + report.discardedBytes
    if (accounted === peer.beforeCloseNotify) return
    this.#fail(`the stream ended after ${accounted} of ${peer.beforeCloseNotify} bytes`)
  }

  #fail(failure: string): void {
    this.failures.push(failure)
  }
}

function isUndisturbed({ client, server }: Plan): boolean {
  const disturbing: readonly string[] = ['destroyOwner', 'destroy', 'fail', 'destroySoon', 'end']
  return client.acts.length === 0 && server.acts.every(({ what }) => !disturbing.includes(what.kind))
}

function describe({ account, sent }: SideFacts): string {
  const { report, writtenBeforeClosing, orderly, received } = account
  const { mode, endedBy, verdict, tcp, undeliveredBytes } = report ?? {}
  const said = { mode, endedBy, verdict, sent: report?.sent.kind, tcp: tcp?.kind, undeliveredBytes }
  return JSON.stringify({ said, wire: sent, writtenBeforeClosing, orderly, received })
}
