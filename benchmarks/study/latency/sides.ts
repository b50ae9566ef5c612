/** The ways of closing that are compared. Each side is measured by a process, of which some hold several. */

/** A kind of closer process: its sides alternate with those of the others. */
export type Closer = 'node' | 'close-notify' | 'stream' | 'c' | 'python'

/** What a closer is asked to do with a connection: the word of its command `close`. */
type Way =
  | 'end'
  | 'destroy'
  | 'quiet'
  | 'unidirectional'
  | 'bidirectional'
  | 'policy-quiet'
  | 'policy-unidirectional'
  | 'policy-bidirectional'

export interface Side {
  readonly name: string
  readonly closer: Closer
  readonly way: Way
  /** What leaves before FIN. */
  readonly sends: 'close_notify' | 'nothing'
  /** Whether it waits for the peer's close_notify. */
  readonly waits: boolean
  /** Whether all that was written before has to arrive. */
  readonly delivers: boolean
}

const sideList = [
  { name: 'end()', closer: 'node', way: 'end' },
  { name: 'end() again', closer: 'node', way: 'end' },
  { name: 'destroy()', closer: 'node', way: 'destroy' },
  { name: 'quiet', closer: 'close-notify', way: 'quiet' },
  { name: 'unidirectional', closer: 'close-notify', way: 'unidirectional' },
  { name: 'bidirectional', closer: 'close-notify', way: 'bidirectional' },
  { name: 'bidirectional again', closer: 'close-notify', way: 'bidirectional' },
  { name: 'policy, quiet', closer: 'close-notify', way: 'policy-quiet' },
  { name: 'policy, unidirectional', closer: 'close-notify', way: 'policy-unidirectional' },
  { name: 'policy, bidirectional', closer: 'close-notify', way: 'policy-bidirectional' },
  { name: 'TlsStream, quiet', closer: 'stream', way: 'quiet' },
  { name: 'TlsStream, unidirectional', closer: 'stream', way: 'unidirectional' },
  { name: 'TlsStream, bidirectional', closer: 'stream', way: 'bidirectional' },
  { name: 'C, quiet', closer: 'c', way: 'quiet' },
  { name: 'C, unidirectional', closer: 'c', way: 'unidirectional' },
  { name: 'C, bidirectional', closer: 'c', way: 'bidirectional' },
  { name: 'Python, unwrap()', closer: 'python', way: 'bidirectional' },
] as const satisfies readonly Pick<Side, 'name' | 'closer' | 'way'>[]

export const sides: readonly Side[] = sideList.map((side) => ({
  ...side,
  sends: side.way === 'destroy' || side.way.endsWith('quiet') ? 'nothing' : 'close_notify',
  waits: side.way.endsWith('bidirectional'),
  delivers: side.way !== 'destroy',
}))

export const peers = ['answers', 'answers after 50 ms', 'answers after 100 kB', 'silent'] as const
export type Peer = (typeof peers)[number]

export const protocols = ['TLSv1.2', 'TLSv1.3'] as const
export type Protocol = (typeof protocols)[number]

/** How long a bidirectional closing waits for a peer, in ms. One that answers is never to be cut off. */
export function waitBudget(peer: Peer): number {
  return peer === 'silent' ? 250 : 5000
}

/** For how long after its budget a closer leaves open what the peer keeps open, in ms. */
export const grace = 150

/** Bytes that are written right before each closing. */
export const payloadBytes = 1000
