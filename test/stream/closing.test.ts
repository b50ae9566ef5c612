// The closing of a TlsStream, with the cases of Node's own sockets: mode by mode, peer by peer. closing-on-other-builds.test.ts has them
// on other libraries: two files, for two run at a time.
import { closeNotifyCases } from '../closure/shared/close-notify.js'
import { dataLossCases } from '../closure/shared/data-loss.js'
import { halfOpenCases } from '../closure/shared/half-open.js'
import { readerCases } from '../closure/shared/readers.js'
import { shutdownLimits } from '../closure/shared/shutdown-limits.js'
import { shutdownModes } from '../closure/shared/shutdown-modes.js'
import { streamWays } from './pair.js'

const own = streamWays.filter(({ name }) => name.endsWith('own'))

shutdownModes(own)
// Megabytes that are held up.
shutdownLimits(own)
closeNotifyCases(own)
dataLossCases(own)
halfOpenCases(own)
readerCases(own)
