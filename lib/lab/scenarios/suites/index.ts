import { boringsslScenarios } from './boringssl.js'
import { libresslScenarios } from './libressl.js'
import { opensslScenarios } from './openssl.js'
import { labScenarios } from './lab.js'
import { labOutputScenarios } from './lab-output.js'
import { labRecordScenarios } from './lab-records.js'
import { labSessionScenarios } from './lab-sessions.js'
import { rustlsScenarios } from './rustls.js'
import { s2nScenarios } from './s2n.js'
import { s2nFailureScenarios } from './s2n-failures.js'
import type { Scenario } from '../types.js'

/** All scenarios, suite by suite. */
export const scenarios: readonly Scenario[] = [
  ...opensslScenarios,
  ...libresslScenarios,
  ...boringsslScenarios,
  ...s2nScenarios,
  ...s2nFailureScenarios,
  ...rustlsScenarios,
  ...labScenarios,
  ...labRecordScenarios,
  ...labSessionScenarios,
  ...labOutputScenarios,
]
