// The cases of Node's own sockets that hold for the closing of a TlsStream: mode by mode, peer by peer.
import { closeNotifyCases } from '../closure/shared/close-notify.js'
import { dataLossCases } from '../closure/shared/data-loss.js'
import { halfOpenCases } from '../closure/shared/half-open.js'
import { readerCases } from '../closure/shared/readers.js'
import { shutdownModes } from '../closure/shared/shutdown-modes.js'
import type { ClosingWay } from '../closure/shared/ways.js'

export function streamClosingCases(ways: readonly ClosingWay[]): void {
  shutdownModes(ways)
  closeNotifyCases(ways)
  dataLossCases(ways)
  halfOpenCases(ways)
  readerCases(ways)
}
