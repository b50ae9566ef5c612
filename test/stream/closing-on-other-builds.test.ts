// The closing of a TlsStream on other libraries than the process's own, with the same cases.
import { closeNotifyCases } from '../closure/shared/close-notify.js'
import { dataLossCases } from '../closure/shared/data-loss.js'
import { halfOpenCases } from '../closure/shared/half-open.js'
import { readerCases } from '../closure/shared/readers.js'
import { test } from 'vitest'
import { shutdownModes } from '../closure/shared/shutdown-modes.js'
import { streamWays } from './pair.js'

const others = streamWays.filter(({ name }) => !name.endsWith('own'))

shutdownModes(others)
closeNotifyCases(others)
dataLossCases(others)
halfOpenCases(others)
readerCases(others)
// A file without a test fails.
if (others.length === 0) test.todo('no other library is here: node scripts/libssl/fetch.mjs')
