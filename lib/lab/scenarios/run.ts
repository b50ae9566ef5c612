/**
 * Carries a scenario out on one build: two contexts, two SSL objects, and between them a channel for each direction
 * that holds what was written until a step transfers it. Nothing is judged here; expectations.ts compares.
 */
import { ClosureError } from '../../errors.js'
import type { OpenSSL } from '../../openssl/index.js'
import type { Credentials } from '../credentials.js'
import { Stage } from './stage.js'
import type { Actor, ActorOptions, Observation, Scenario, ScenarioOutcome, Step } from './types.js'
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

/** The label of each step, in order: `as`, or who did what, with a number from the second time on. */
export function stepLabels(scenario: Scenario): readonly string[] {
  const counts = new Map<string, number>()
  return scenario.steps.map((step) => {
    if (step.as !== undefined) return step.as
    const actor = actorOf(step)
    const base = actor === undefined ? step.do : `${actor} ${step.do}`
    const count = (counts.get(base) ?? 0) + 1
    counts.set(base, count)
    return count === 1 ? base : `${base} #${count}`
  })
}

function observe(stage: Stage, step: Step, label: string): Observation {
  const actor = actorOf(step)
  const result = stage.perform(step)
  return { step: label, ...(actor !== undefined && { actor }), call: step.do, ...result }
}

function actorOf(step: Step): Actor | undefined {
  if ('by' in step) return step.by
  if ('from' in step) return step.from
  return 'to' in step ? step.to : undefined
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
