/** What the package costs where it has nothing to do, and what its policies and its calls cost. */
import type { Question } from '../question.js'
import { callsBlock } from './calls/calls.js'
import { liveBlock, liveCounts } from './live/live.js'
import { overheadPresentation } from './presentation.js'
import { serverBlock, serverTopics } from './servers.js'

const definitions = {
  topic:
    'tls connections: a tls server that closes each after one byte; https connections: an https server that closes ' +
    'each after one response, 2,000 after as many to warm up, for V8 optimises late and a shorter run shows greater ' +
    'ratios; bytes: a tls server that sends 128 MiB and closes; closureOf: the first closureOf() of a ' +
    'secured socket; calls: single calls on connections in memory',
  side:
    'stock: a process without the package; imported: the package is loaded and does nothing; policy: the server is ' +
    "under one; C: a C program over the system's libssl; engine: close-notify/openssl over the same file; closureOf: " +
    'the methods of a closure, over the libssl of Node. "again" is the same once more and tells how much is noise',
  rate: 'connections per second, or MiB per second, which everything else on the machine has a share in',
  cpu: "us of the server's CPU time, user and system, per connection or per MiB",
  rateRatio: 'rate relative to that of stock in the same round',
  cpuRatio: 'cpu relative to that of stock in the same round',
  live:
    'SSLs in the process beside those that are timed, half of them servers: up to 1,000, and a tenth of more, have done ' +
    'their handshake, and that of the others never ends',
  time: 'us per call',
  ratio: 'time relative to C in the same round; of closureOf to a process with 10 SSLs, of 10 itself to another one',
  first:
    'us of the first closureOf() of the process, which meets every SSL that there is: one figure, or the mean of some',
  call: 'the function of OpenSSL; SSL_shutdown sends close_notify, the others read or write a flag',
}

export const overhead: Question = {
  name: 'overhead',
  title: 'What the package costs a program',
  definitions,
  blocks: () => [...serverTopics.map(serverBlock), ...liveCounts.map(liveBlock), callsBlock],
  presentation: overheadPresentation,
}
