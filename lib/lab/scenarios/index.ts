import { boringsslScenarios } from './boringssl.js'
import { libresslScenarios } from './libressl.js'
import { opensslScenarios } from './openssl.js'
import type { Scenario } from './types.js'

/** All scenarios, suite by suite. */
export const scenarios: readonly Scenario[] = [...opensslScenarios, ...libresslScenarios, ...boringsslScenarios]
