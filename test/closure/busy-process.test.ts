/** A process that was busy while the answer came, on Node's own sockets and on TLS streams. */
import { streamWays } from '../stream/pair.js'
import { inABusyProcess } from './shared/busy-process.js'
import { nodeWays } from './shared/ways.js'

inABusyProcess([...nodeWays, ...streamWays.filter(({ name }) => name.endsWith('own'))])
