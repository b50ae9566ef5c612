// shutdown() on Node's own sockets, mode by mode and peer by peer.
import { shutdownModes } from './shared/shutdown-modes.js'
import { nodeWays } from './shared/ways.js'

shutdownModes(nodeWays)
