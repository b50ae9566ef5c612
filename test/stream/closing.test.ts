// The closing of a TlsStream, with the cases of Node's own sockets: mode by mode, peer by peer, library by library.
import { closeNotifyCases } from '../closure/shared/close-notify.js'
import { dataLossCases } from '../closure/shared/data-loss.js'
import { halfOpenCases } from '../closure/shared/half-open.js'
import { readerCases } from '../closure/shared/readers.js'
import { shutdownLimits } from '../closure/shared/shutdown-limits.js'
import { shutdownModes } from '../closure/shared/shutdown-modes.js'
import { streamWays } from './pair.js'

shutdownModes(streamWays)
// Megabytes that are held up.
shutdownLimits(streamWays.filter(({ name }) => name.endsWith('own')))
closeNotifyCases(streamWays)
dataLossCases(streamWays)
halfOpenCases(streamWays)
readerCases(streamWays)
