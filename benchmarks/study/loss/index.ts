import type { Question } from '../question.js'
import { blockOf } from './block.js'
import { plans } from './plans.js'
import { presentation } from './presentation.js'

export const loss: Question = {
  name: 'loss',
  title: 'What is lost by the cheaper ways of closing',
  definitions: {
    situation:
      '`at rest`: nothing is on its way from the peer when a server writes 64 KiB and closes. `upload cut`: a server ' +
      'answers the first piece of an upload of 1 MiB with 413 and 64 KiB, and closes; the client writes as fast as it can, ' +
      'and stops at the end of the answer. `client closes at once`: a client writes 256 KiB when its handshake is done, and ' +
      'closes in the same turn, so that the tickets of TLS 1.3 come later. `server closes at once`: a server writes 1 KiB ' +
      'when the handshake is done, and closes in the same turn. `peer pauses`: a server writes 6 MiB and closes 50 ms ' +
      'later; the client reads nothing for 250 ms. `peer pauses beyond the budget`: the same, for 400 ms, with a ' +
      '`flushTimeout` of 150 ms.',
    network:
      '`loopback`: TCP from one process to the other. `packets`: two network namespaces, between which each packet is ' +
      'delayed by half the RTT, as over a long way. `relay`: through a relay that delays the stream. It takes what is sent ' +
      'as fast as loopback carries it, so that what a sender would still hold over a long way has left it already, and a ' +
      'RST destroys less than it would there.',
    rtt: 'The RTT that the network adds, in ms.',
    side:
      '`destroy()`, `destroySoon()`, `end()`: a tls socket of Node, in a process without this package. `https`: an https ' +
      'server of Node, whose response has `Connection: close`. `quiet`, `unidirectional`, `bidirectional`: ' +
      '`closureOf(socket).shutdown({ mode })` with its defaults. `policy, …`: the program calls `end()`, or `destroy()`, on a ' +
      "socket under `controlClosure(server)` with that mode, or with `onDestroy: 'close_notify'`. `https, policy, …`: " +
      'the https server under that policy.',
    'the columns of the table':
      'On loopback and in TLS 1.3 where a head says nothing else. `loss`: runs in which the peer did not get all; `bytes`: ' +
      'the mean of `lostBytes`; `RST`: `reset`; `resumes`: `resumed`; `20 ms`: over `packets` with that RTT.',
    delivered:
      'Runs in which the application of the peer has read all bytes. It is a plain Node program, which reads to the end.',
    reset:
      "Runs in which the peer's socket failed by a RST: ECONNRESET, or EPIPE where a FIN came before it. One that comes " +
      'when the peer has closed is not seen, and does no harm.',
    lostBytes:
      "Bytes that the closer's application wrote and the peer's has not read; the head of a response is not counted.",
    tickets: 'Sessions that the client was given for keeping: in TLS 1.3 one for each ticket that it read.',
    resumed: "Runs after which the client's next connection, with the last of those sessions, resumed it.",
  },
  blocks: () => plans.map(blockOf),
  presentation,
}
