/** The form of an entry of the list of internals.ts. */

/** Where the doctor looks; lib/doctor/specimens.ts makes each. */
export type Specimen =
  | 'socket'
  | 'tlsWrap'
  | 'streamTransport'
  | 'streamWrap'
  | 'tlsWrapOnStream'
  | 'transport'
  | 'TLSSocket.prototype'
  | 'serverSocket'
  | 'shutdownRequest'
  | 'Writable'
  | 'writableState'
  | 'decodingStream'
  | 'readableState'
  | 'decoder'
  | 'socketWithOnread'
  | 'handleWithOnread'
  | 'tlsOptions'
  | 'httpServerSocket'
  | 'httpParser'
  | 'httpClientSocket'
  | 'httpResponse'
  | 'httpClientRequest'
  | 'httpClientResponse'
  | 'httpsAgent'
  | 'node:tls'
  | 'http2Socket'
  | 'http2Session'
  | 'http2State'
  | 'http2ServerStream'

/** How a member is known: by its type, or as the description of a symbol, or as the name of a listener. */
export type Form =
  | 'function'
  | 'object'
  | 'number'
  | 'boolean'
  | 'string'
  /** There, with whatever value. */
  | 'any'
  | 'symbol'
  | 'listener'

export interface Internal {
  readonly member: string
  /** Whose it is, for people. */
  readonly of: string
  /** Each of them has it. */
  readonly on: readonly [Specimen, ...Specimen[]]
  readonly as: Form
  /** Of a listener. */
  readonly event?: 'secure' | 'end'
  /** Came within a line of Node: a Node may be without it, and so what stands on it looks first. */
  readonly optional?: true
  /** Below lib. */
  readonly files: readonly string[]
  /** What this package does with it. */
  readonly purpose: string
}
