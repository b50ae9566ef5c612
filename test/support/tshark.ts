/**
 * tshark's reading of TLS connections that were kept: a decoder that has nothing to do with ours, with tables of names
 * of its own. It is given a capture file of what was sent (`pcap.ts`) and the key log.
 *
 *     const connections = await readByTshark([{ sent, keylog }, …])
 *     connections[0]?.records      [{ from: 'client', type: 22, version: 0x0301, length: 216, content: … }, …]
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Side } from '../../lib/tls/records.js'
import { pcapOf, type Sent, serverPort } from './pcap.js'
import { programOf } from './peers/programs.js'

export interface KeptConnection {
  readonly sent: readonly Sent[]
  /** Lines of NSS key log format. */
  readonly keylog: readonly string[]
}

/** One record of TLS as tshark has it. */
export interface TsharkRecord {
  readonly from: Side
  /** Of the header, and so are version and length. */
  readonly type: number
  readonly version: number
  readonly length: number
  readonly content:
    | { readonly kind: 'handshake'; readonly messages: readonly string[] }
    | { readonly kind: 'change_cipher_spec' }
    | { readonly kind: 'alert'; readonly level: string; readonly name: string }
    | { readonly kind: 'data'; readonly bytes: Buffer }
    | { readonly kind: 'undecryptable' }
}

export interface TsharkConnection {
  readonly records: readonly TsharkRecord[]
  /** The sides that sent FIN, in order. */
  readonly fins: readonly Side[]
}

/** All of them in one run of tshark, which takes a second; in the order in which they were given. */
export async function readByTshark(connections: readonly KeptConnection[]): Promise<readonly TsharkConnection[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-tshark-'))
  try {
    const [capture, keylog] = [path.join(folder, 'capture.pcap'), path.join(folder, 'keylog')]
    const ports = connections.map(({ sent }, index) => ({ clientPort: firstPort + index, sent }))
    writeFileSync(capture, pcapOf(ports))
    writeFileSync(keylog, connections.flatMap((connection) => [...connection.keylog, '']).join('\n'))
    const pdml = await runTshark(['-r', capture, '-o', `tls.keylog_file:${keylog}`], folder)
    const read = new Map(ports.map(({ clientPort }) => [clientPort, new Reading()]))
    for (const packet of pdml.split('<packet>').slice(1)) readPacket(packet, read)
    return [...read.values()].map((reading) => reading.connection())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const firstPort = 20_000

async function runTshark(args: readonly string[], home: string): Promise<string> {
  const { command, env } = programOf('tshark')
  const decoding = ['-d', `tcp.port==${serverPort},tls`, '-T', 'pdml', '-J', 'tcp tls data']
  const { stdout } = await promisify(execFile)(command, [...args, ...decoding], {
    // Nobody's own settings of Wireshark.
    env: { ...process.env, ...env, HOME: home, XDG_CONFIG_HOME: home },
    maxBuffer: 512 * 1024 * 1024,
    // A hang guard.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return stdout
}

/** The fields of a packet stand in the order of its bytes, what was decrypted right behind its record. */
function readPacket(packet: string, read: ReadonlyMap<number, Reading>): void {
  let reading: Reading | undefined
  let from: Side = 'client'
  for (const [, name = '', attributes = ''] of packet.matchAll(/<field name="([^"]*)"([^>]*)>/g)) {
    const attribute = (key: string): string => new RegExp(` ${key}="([^"]*)"`).exec(attributes)?.[1] ?? ''
    const show = attribute('show')
    if (name === 'tcp.srcport') {
      from = Number(show) === serverPort ? 'server' : 'client'
      if (from === 'client') reading = read.get(Number(show))
    } else if (name === 'tcp.dstport' && from === 'server') reading = read.get(Number(show))
    else if (name === 'tcp.flags.fin' && ['1', 'True'].includes(show)) reading?.fins.push(from)
    else reading?.take(from, name, { show, showname: attribute('showname'), value: attribute('value') })
  }
}

interface Field {
  readonly show: string
  readonly showname: string
  /** The bytes, in hex. */
  readonly value: string
}

class Reading {
  readonly fins: Side[] = []
  readonly #records: Draft[] = []

  take(from: Side, name: string, { show, showname, value }: Field): void {
    const last = this.#records.at(-1)
    switch (name) {
      case 'tls.record':
        this.#records.push({ from, messages: [] })
        return
      case 'tls.record.opaque_type':
        if (last !== undefined) last.opaqueType = Number(show)
        return
      case 'tls.record.content_type':
        if (last !== undefined) last.type = Number(show)
        return
      case 'tls.record.version':
        if (last !== undefined) last.version = Number(show)
        return
      case 'tls.record.length':
        if (last !== undefined) last.length = Number(show)
        return
      case 'tls.handshake':
        last?.messages.push(nameIn(showname))
        return
      case 'tls.alert_message.level':
        if (last !== undefined) last.level = nameIn(showname)
        return
      case 'tls.alert_message.desc':
        if (last !== undefined) last.description = nameIn(showname)
        return
      case 'data.data': {
        const owner = this.#records.find((record) => record.type === data && record.data === undefined)
        if (owner !== undefined) owner.data = Buffer.from(value, 'hex')
        return
      }
    }
  }

  connection(): TsharkConnection {
    return { records: this.#records.map(recordOf), fins: this.fins }
  }
}

interface Draft {
  readonly from: Side
  readonly messages: string[]
  /** Of a record of TLS 1.3 that is encrypted: the header's, where `type` is that of its content. */
  opaqueType?: number
  type?: number
  version?: number
  length?: number
  level?: string
  description?: string
  data?: Buffer
}

const [changeCipherSpec, alert, handshake, data] = [20, 21, 22, 23]

function recordOf(draft: Draft): TsharkRecord {
  const { from, type, opaqueType, version = 0, length = 0 } = draft
  return { ...{ from, version, length }, type: opaqueType ?? type ?? 0, content: contentOf(draft) }
}

function contentOf({ type, messages, level, description, data: bytes }: Draft): TsharkRecord['content'] {
  if (type === changeCipherSpec) return { kind: 'change_cipher_spec' }
  if (type === handshake && !messages.includes('encrypted_handshake_message')) return { kind: 'handshake', messages }
  if (type === alert && level !== undefined && description !== undefined) {
    return { kind: 'alert', level, name: description }
  }
  if (type === data && bytes !== undefined) return { kind: 'data', bytes }
  return { kind: 'undecryptable' }
}

/** "Handshake Protocol: Client Hello" and "Level: Warning (1)" as RFC 8446 spells them. */
function nameIn(showname: string): string {
  const [, name = showname, number] = /^[^:]*: (.*?)(?: \((\d+)\))?$/.exec(showname) ?? []
  if (name === 'Unknown' || name === '') return `unknown_${number ?? ''}`
  return name.toLowerCase().replaceAll(' ', '_')
}
