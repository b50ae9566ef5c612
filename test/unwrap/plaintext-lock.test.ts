// The interlock of startTls().
import { plaintextLockCases } from './shared/plaintext-lock.js'
import { startedWays } from './started.js'

plaintextLockCases(startedWays)
