/** Scenarios from outside the package: whether they have the form of types.ts, and with what is left out filled in. */
import { onOneLineOf } from '../../options.js'
import { isAlertName } from '../../tls/alerts.js'
import { contentType } from '../../tls/record-format.js'
import { tlsVersions } from '../../tls/versions.js'
import { entriesOf, fieldsOf, itemsOf, listOf, matching, number, oneOf, text, wrong } from './fields.js'
import type { Check, Fields, Place } from './fields.js'
import { movingLabels, stepLabels } from './labels.js'
import type { ForgedRecord, Scenario, Step } from './types.js'

/** A scenario of a file: its title is its name, and it is for both versions, where it says nothing else. */
type OutsideScenario = Omit<Scenario, 'title' | 'versions'> & Partial<Pick<Scenario, 'title' | 'versions'>>

/**
 * The scenarios of a file, which holds one or a list of them. Throws ERR_LAB_SCENARIO for the first thing that is not
 * of the form, with file, scenario and step.
 */
export function checkScenarios(value: unknown, file: string): readonly Scenario[] {
  const given = Array.isArray(value) ? itemsOf(value, [file]) : [value]
  if (given.length === 0) throw wrong([file], 'at least one scenario', value)
  const names = new Set<string>()
  return given.map((one, index) => {
    const at: Place = [file, placeOf(one, index)]
    assertScenario(one, at)
    checkNames(one, at)
    if (names.has(one.name)) throw wrong([...at, 'name'], 'a name that no other scenario of the file has', one.name)
    names.add(one.name)
    return { title: one.name, versions: tlsVersions, ...one }
  })
}

function placeOf(value: unknown, index: number): string {
  const isNamed = typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
  return isNamed ? `scenario '${onOneLineOf(String(value.name), 60)}'` : `scenario ${index + 1}`
}

// The checks below are the type, one for one; `satisfies` makes the compiler say what was left out.
function assertScenario(value: unknown, at: Place): asserts value is OutsideScenario {
  scenario(value, at)
}

// --- Values ---

const actor = oneOf('client', 'server')
const version = oneOf(...tlsVersions)
const flags = oneOf('none', 'SENT', 'RECEIVED', 'SENT|RECEIVED')
const flag = oneOf(true, false)
const texts = listOf(text)
const anyText: Check = matching(/^/, 'a text')
const hex = matching(/^([\da-f]{2})*$/i, 'two hexadecimal digits for each byte')

const alertFields: Fields = {
  type: text,
  level: oneOf('warning', 'fatal'),
  name: (value, at) => {
    if (typeof value !== 'string' || !isAlertName(value))
      throw wrong(at, 'the name of an alert, or a raw record', value)
  },
}

const records = {
  alert: alertFields,
  'fragmented-alert': alertFields,
  data: { type: text, text: anyText },
  handshake: { type: text, message: oneOf('hello_request', 'client_hello') },
  plaintext: { type: text, text: anyText },
} as const satisfies Record<Exclude<Extract<ForgedRecord['type'], string>, 'change_cipher_spec'>, Fields>

const rawType: Check = (value, at) => {
  if (typeof value === 'number') number(0, 255)(value, at)
  else oneOf(...Object.keys(contentType))(value, at)
}

const record: Check = (value, at) => {
  const entries = entriesOf(value, at)
  if (entries.has('hex')) {
    fieldsOf({ type: rawType, hex })(value, at)
    return
  }
  const type = entries.get('type')
  const fields = new Map<unknown, Fields>(Object.entries(records)).get(type)
  if (fields === undefined)
    throw wrong([...at, 'type'], `${Object.keys(records).join(', ')}, or a record with hex`, type)
  fieldsOf(fields)(value, at)
}

// --- Steps ---

const call: Fields = { by: actor }
const read: Fields = { by: actor, 'bytes?': number(1, 65_536) }

const steps: Readonly<Record<Step['do'], Fields>> = {
  handshake: { 'tickets?': oneOf('unread') },
  transfer: { from: actor, 'holdBack?': number(0), 'corrupt?': oneOf(true) },
  eof: { to: actor },
  forge: { from: actor, record },
  reconnect: { offer: oneOf('session', 'copy') },
  SSL_do_handshake: call,
  SSL_shutdown: call,
  SSL_shutdown_ex: call,
  SSL_renegotiate: call,
  SSL_free: call,
  SSL_verify_client_post_handshake: call,
  SSL_set_verify: { by: actor, mode: oneOf('none', 'peer') },
  SSL_read: read,
  SSL_peek: read,
  SSL_write: { by: actor, data: anyText },
  SSL_key_update: { by: actor, update: oneOf('update_requested', 'update_not_requested') },
  SSL_in_init: call,
  SSL_pending: call,
  SSL_has_pending: call,
  SSL_session_reused: call,
  SSL_get_shutdown: call,
  SSL_get_quiet_shutdown: call,
  SSL_set_shutdown: { by: actor, flags },
  SSL_set_quiet_shutdown: { by: actor, quiet: flag },
  SSL_get1_session: call,
  SSL_SESSION_is_resumable: call,
}

const expectation = fieldsOf({
  'value?': number(-1),
  'error?': matching(/^SSL_ERROR_/, "a text that begins with 'SSL_ERROR_'"),
  'reason?': text,
  'reasons?': texts,
  'flags?': flags,
  'data?': anyText,
  'alerts?': texts,
  'wire?': texts,
  'newSessions?': number(0),
  'refused?': text,
} satisfies Readonly<Record<`${keyof Required<NonNullable<Step['expect']>>}?`, Check>>)

function checkStep(value: unknown, scenarioAt: Place, index: number): void {
  const at: Place = [...scenarioAt, `step ${index + 1}${labelOf(value)}`]
  const what = entriesOf(value, at).get('do')
  const fields = new Map<unknown, Fields>(Object.entries(steps)).get(what)
  if (fields === undefined) throw wrong([...at, 'do'], Object.keys(steps).join(', '), what)
  fieldsOf({ do: text, 'as?': text, 'expect?': expectation, ...fields })(value, at)
}

function labelOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  const entries = new Map<string, unknown>(Object.entries(value))
  const words = ['by', 'from', 'do', 'as'].map((key) => entries.get(key)).filter((word) => typeof word === 'string')
  return words.length === 0 ? '' : ` (${onOneLineOf(words.join(' '), 80)})`
}

// --- Scenarios ---

const actorOptions = fieldsOf({
  'options?': listOf(oneOf('IGNORE_UNEXPECTED_EOF', 'NO_TICKET', 'NO_RENEGOTIATION')),
  'quietShutdown?': flag,
  'postHandshakeAuth?': flag,
  'tickets?': number(0, 100),
  'maxOutput?': number(1),
} satisfies Readonly<Record<`${keyof Required<NonNullable<Scenario['client']>>}?`, Check>>)

const range = fieldsOf({
  kind: oneOf('OpenSSL', 'BoringSSL', 'LibreSSL', 'AWS-LC'),
  'from?': matching(/^\d+(\.\d+)*$/, 'a release such as 3.0'),
  'before?': matching(/^\d+(\.\d+)*$/, 'a release such as 3.0'),
})

const difference = fieldsOf({
  'when?': (value, at) => (Array.isArray(value) ? listOf(range) : range)(value, at),
  'versions?': listOf(version),
  because: text,
  'lacks?': texts,
  'expect?': (value, at) => {
    for (const [label, expected] of entriesOf(value, at)) expectation(expected, [...at, `'${label}'`])
  },
})

const scenario = fieldsOf({
  name: matching(/^[\w.-]+$/, 'a name of letters, digits, dots, dashes and underscores'),
  'title?': text,
  'versions?': (value, at) => {
    if (itemsOf(value, at).length === 0) throw wrong(at, 'at least one version', value)
    listOf(version)(value, at)
  },
  'client?': actorOptions,
  'server?': actorOptions,
  steps: (value, at) => {
    if (itemsOf(value, at).length === 0) throw wrong(at, 'at least one step', value)
    // Without `steps`: the number says it.
    for (const [index, step] of itemsOf(value, at).entries()) checkStep(step, [at[0], at[1] ?? ''], index)
  },
  'differs?': listOf((value, at) => {
    difference(value, at)
    const entries = entriesOf(value, at)
    if (entries.has('expect') === entries.has('lacks')) throw wrong(at, 'either expect or lacks', [...entries.keys()])
  }),
} satisfies Readonly<Record<'name' | 'steps' | `${Exclude<keyof Required<Scenario>, 'name' | 'steps'>}?`, Check>>)

/** Each step has a label of its own, and `differs` names steps by labels that do not move. */
function checkNames(given: Pick<Scenario, 'steps' | 'differs'>, at: Place): void {
  const labels = stepLabels(given)
  const double = labels.find((label, index) => labels.indexOf(label) !== index)
  if (double !== undefined) throw wrong(at, 'a name of its own for each step', double)
  const moving = movingLabels(given)
  for (const named of (given.differs ?? []).flatMap((one) => ('expect' in one ? Object.keys(one.expect) : []))) {
    if (!labels.includes(named)) throw wrong([...at, 'differs'], `one of the steps ${labels.join(', ')}`, named)
    if (moving.includes(named))
      throw wrong([...at, 'differs'], 'a step that has `as`, for it is not the only one', named)
  }
}
