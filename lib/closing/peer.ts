/** The peer of a connection, as far as it can be known. Names and addresses are in small letters. */
export interface Peer {
  /** Our side: a server's peer is a client. */
  readonly side: 'client' | 'server'
  /** Of a client: the name of the server, in SNI or as it was connected to. */
  readonly host: string | undefined
  /** The peer's IP address, or that of a proxy between. IPv4 is not written as IPv6. */
  readonly address: string | undefined
  /** The peer's port. A client's is a new one for each connection. */
  readonly port: number | undefined
}
