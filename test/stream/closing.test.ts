// The closing of a TlsStream on the process's own library. closing-on-other-builds.test.ts has the others: two files, for two run at a
// time.
import { shutdownLimits } from '../closure/shared/shutdown-limits.js'
import { streamClosingCases } from './closing-cases.js'
import { streamWays } from './pair.js'

const own = streamWays.filter(({ name }) => name.endsWith('own'))

streamClosingCases(own)
// Megabytes that are held up.
shutdownLimits(own)
