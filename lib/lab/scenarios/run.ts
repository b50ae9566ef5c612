/**
 * Carries a scenario out on one build: two contexts, two SSL objects, and between them a channel for each direction
 * that holds what was written until a step transfers it. Nothing is judged here; expectations.ts compares.
 */
import { ClosureError } from '../../errors.js'
import type { OpenSSL } from '../../openssl/index.js'
import type { Credentials } from '../credentials.js'
import { actorOf, stepLabels } from './labels.js'
import { Stage } from './stage.js'
import type { ActorOptions, Observation, Scenario, ScenarioOutcome, Step } from './types.js'
import type { TlsVersion } from '../../tls/versions.js'

/** Throws what has nothing to do with the scenario's steps: a context that cannot be made, a scenario that makes no sense. */
export function runScenario(
  openssl: OpenSSL,
  scenario: Scenario,
  tls: TlsVersion,
  credentials: Credentials,
): ScenarioOutcome {
  const head = { scenario: scenario.name, tls }
  const calls = lackingCalls(openssl, scenario)
  if (calls.length > 0) return { ...head, kind: 'lacking', calls }
  const stage = new Stage(openssl, scenario, tls, credentials)
  try {
    const labels = stepLabels(scenario)
    const observations = scenario.steps.map((step, i) => observe(stage, step, labels[i] ?? ''))
    return { ...head, kind: 'ran', observations }
  } finally {
    stage.free()
  }
}

function observe(stage: Stage, step: Step, label: string): Observation {
  const actor = actorOf(step)
  const result = stage.perform(step)
  return { step: label, ...(actor !== undefined && { actor }), call: step.do, ...result }
}

/** The calls and options that the scenario needs and the build does not have. */
function lackingCalls(openssl: OpenSSL, { steps, client = {}, server = {} }: Scenario): readonly string[] {
  const calls = steps.map((step): string => step.do)
  if ([client, server].some(({ postHandshakeAuth }) => postHandshakeAuth)) calls.push('SSL_CTX_set_post_handshake_auth')
  const lacking = calls.filter((call) => openssl.lacking.includes(call))
  return [...new Set([...lacking, ...lackingOptions(openssl, client), ...lackingOptions(openssl, server)])]
}

function lackingOptions(openssl: OpenSSL, { options = [] }: ActorOptions): readonly string[] {
  const lacking = options.filter((option) => {
    try {
      openssl.createContext({ side: 'client', options: [option] }).free()
      return false
    } catch (error) {
      if (error instanceof ClosureError && error.code === 'ERR_OPENSSL_UNSUPPORTED_CALL') return true
      throw error
    }
  })
  return lacking.map((option) => `SSL_OP_${option}`)
}
