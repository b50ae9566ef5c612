/** The two that are compared, as a server and a client of the same options: TlsStream, and Node's own TLS without the package. */
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'

export type SideName = 'stream' | 'node'

export interface Side {
  createServer(
    options: { readonly closing: 'unidirectional' | 'bidirectional' },
    listener: (socket: Duplex) => void,
  ): Server
  /** A client that verifies the server. It emits 'secureConnect'. */
  connect(port: number): Duplex
}

const ciphersuite = 'TLS_AES_128_GCM_SHA256'
const identity = { key, cert: certificate }
const versions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: ciphersuite } as const
const address = { host: '127.0.0.1', servername: 'localhost' }

/** Loads what the side needs, and nothing else. */
export async function sideOf(name: string | undefined): Promise<Side> {
  return name === 'stream' ? streamSide() : nodeSide
}

const nodeSide: Side = {
  createServer: (_options, listener) => tls.createServer({ ...identity, ...versions }, listener),
  connect: (() => {
    const secureContext = tls.createSecureContext({ ca: certificate, ...versions })
    return (port: number) => tls.connect({ ...address, port, secureContext })
  })(),
}

async function streamSide(): Promise<Side> {
  const { connect, createContext, createServer } = await import('../../../../lib/stream/index.js')
  const secureContext = createContext('client', { ca: certificate, ...versions })
  return {
    createServer: ({ closing }, listener) => createServer({ ...identity, ...versions, closing }, listener),
    connect: (port) => connect({ ...address, port, secureContext }),
  }
}
