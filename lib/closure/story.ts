// NODE_DEBUG=close-notify: the story of each connection, a line for each thing that happens, on standard error. Without it
// nothing is put together: whoever has something to tell asks isTelling first.
import type { Duplex } from 'node:stream'
import { debuglog } from 'node:util'
import type { ClosureReport } from '../report/verdict.js'
import { slotOn } from './stand-ins.js'

const log = debuglog('close-notify')

/** Whether somebody wants the stories: decided when the process starts. */
export const isTelling: boolean = log.enabled

/** A line of the story of a connection: its number in this thread, ms since its first line, and what has happened. */
export function tell(socket: Duplex, happened: string): void {
  let story = stories.of(socket)
  if (story === undefined) {
    story = { number: ++count, startedAt: performance.now() }
    stories.put(socket, story)
  }
  log('#%d +%s ms %s', story.number, (performance.now() - story.startedAt).toFixed(1), happened)
}

/** The line of a destruction. */
export function tellDestroyed(socket: Duplex, error: unknown): void {
  tell(socket, `destroyed ${error instanceof Error ? `with ${error.message}` : 'without an error'}`)
}

/** The last line. */
export function tellReport(socket: Duplex, report: ClosureReport): void {
  const { verdict, mode, sent, received, tcp, endedBy, undeliveredBytes, discardedBytes } = report
  const parts = [
    `${verdict}: mode ${mode}`,
    `sent ${sent.kind}`,
    `received ${received.kind}`,
    `TCP ${tcp.kind === 'reset' ? tcp.code : tcp.kind}`,
    ...(endedBy === undefined ? [] : [`ended by ${endedBy}`]),
    ...(report.learnedWait === undefined ? [] : [learned(report.learnedWait)]),
    ...(report.waited === undefined ? [] : [`waited ${report.waited.toFixed(1)} ms`]),
    ...(undeliveredBytes === undefined || undeliveredBytes === 0 ? [] : [`${undeliveredBytes} bytes undelivered`]),
    ...(discardedBytes === 0 ? [] : [`${discardedBytes} bytes discarded`]),
    `closed in ${(report.endedAt - report.startedAt).toFixed(1)} ms`,
  ]
  tell(socket, parts.join(', '))
}

function learned(wait: number): string {
  return wait === 0 ? 'learned wait 0 ms: not waited for' : `learned wait ${wait.toFixed(1)} ms`
}

/** How a connection is called: its side, its protocol, and who is at the other end. */
export function calledBy(socket: Called, side: 'client' | 'server', protocol: string | undefined): string {
  const name: unknown = Reflect.get(socket, 'servername')
  const named = typeof name === 'string' && name !== '' ? ` (${name})` : ''
  const peer = socket.remoteAddress === undefined ? '' : `, peer ${socket.remoteAddress} port ${socket.remotePort}`
  return `${side}, ${protocol ?? 'TLS'}${peer}${named}`
}

interface Called extends Duplex {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

interface Story {
  readonly number: number
  readonly startedAt: number
}

const stories = slotOn<Story>()
let count = 0
