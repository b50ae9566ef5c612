/**
 * Python's `ssl`, server or client, for one connection: it does its steps and tells of each (`python_peer.py`).
 *
 *     const server = await pythonServer({ version: 'TLSv1.3', steps: [{ do: 'read', bytes: 5 }, { do: 'unwrap' }] })
 *     tls.connect({ port: server.port, … }).end('hello')
 *     expect(await server.event('unwrap')).toMatchObject({ ok: true })
 *
 * Steps, and what each prints as an event:
 *
 *     read            { event: 'read', bytes }
 *     read-to-end     at `rate` bytes per second, or as fast as it can; { event: 'end', bytes, how }: 'close_notify', 'SSLEOFError', 'ConnectionResetError', 'SSLError',
 *                     after a successful unwrap 'fin' for the end of the plain socket
 *     send, send-text { event: 'sent', bytes }
 *     wait            { event: 'waited', ms }
 *     unwrap          { event: 'unwrap', ok: true }: both alerts passed; later steps use the plain socket
 *                     { event: 'unwrap', ok: false, error, reason }
 *     shutdown-write  FIN without an alert; the socket stays open
 *     close           closes without an alert (the kernel sends RST instead of FIN where bytes are unread)
 *     reset           RST
 *     silent          reads nothing, answers nothing, until it is stopped
 *
 * Before the first there is { event: 'secure', version }, after the last { event: 'done' } and a close.
 */
import { fileURLToPath } from 'node:url'
import { certificate } from '../certificate.js'
import type { TlsVersion } from '../pair.js'
import { startPeer, type PeerProcess } from './child.js'

type PythonStep =
  | { readonly do: 'read' | 'send'; readonly bytes: number }
  | { readonly do: 'send-text'; readonly text: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'read-to-end'; readonly rate?: number }
  | { readonly do: 'unwrap' | 'shutdown-write' | 'close' | 'reset' | 'silent' }

export interface PythonServerOptions {
  readonly version: TlsVersion
  readonly steps: readonly PythonStep[]
  /**
   * SSL_OP_IGNORE_UNEXPECTED_EOF: an end without close_notify passes for an orderly one, in place of an SSLEOFError.
   * @default false
   */
  readonly ignoresUnexpectedEof?: boolean
}

export interface PythonClientOptions extends PythonServerOptions {
  readonly port: number
}

export interface PythonPeer extends PeerProcess {
  /** The first event of that name, past ones included. */
  event(name: string): Promise<unknown>
}

export async function pythonServer(options: PythonServerOptions): Promise<PythonPeer & { readonly port: number }> {
  const peer = python({ role: 'server', ...options })
  const [, port] = await peer.line(/"listening", "port": (\d+)/)
  return { ...peer, port: Number(port) }
}

export function pythonClient(options: PythonClientOptions): PythonPeer {
  return python({ role: 'client', host: certificate.host, ...options })
}

function python(options: object): PythonPeer {
  const { certFile, keyFile } = certificate
  const script = fileURLToPath(new URL('python_peer.py', import.meta.url))
  const args = [script, JSON.stringify({ ignoresUnexpectedEof: false, ...options, certFile, keyFile })]
  const peer = startPeer({ command: 'python3', args, debianPackage: 'python3' })
  const event = async (name: string): Promise<unknown> => {
    const match = await peer.line(new RegExp(`^{"event": "${name}".*`))
    return JSON.parse(match[0])
  }
  return { ...peer, event }
}
