// Results that were printed before: by --json (one, or an array) or by --ndjson (one on each line).
import { questions } from '../../lab/probe/options.js'
import type { ProbeResult } from '../../lab/probe/result.js'

/** @throws Error that says which form was expected */
export function readResults(text: string): readonly ProbeResult[] {
  // Some editors put a byte order mark in front.
  const values = parse(text.replace(/^\uFEFF/, ''))
  const results = values.flatMap((value, index) => {
    // The header of a journal, for one, is no result.
    if (memberOf(value, 'kind') !== 'probe') return []
    const format = memberOf(value, 'format')
    if (format !== 1) throw new Error(`expected results of format 1, these have format ${String(format)}`)
    if (!isResult(value)) throw new Error(`expected whole results, as they are printed; number ${index + 1} is none`)
    return [value]
  })
  if (results.length === 0) throw new Error('expected results of close-notify probe, as --json or --ndjson prints them')
  return results
}

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    return text.split('\n').flatMap((line, index) => {
      if (line.trim() === '') return []
      try {
        const value: unknown = JSON.parse(line)
        return [value]
      } catch (cause) {
        throw new Error(`line ${index + 1} is no JSON`, { cause })
      }
    })
  }
}

/** As far as a comparison needs it. */
export function isResult(value: unknown): value is ProbeResult {
  const versions = memberOf(value, 'versions')
  return (
    memberOf(value, 'kind') === 'probe' &&
    memberOf(value, 'format') === 1 &&
    hasTexts(value, ['target', 'host']) &&
    typeof memberOf(value, 'port') === 'number' &&
    Array.isArray(versions) &&
    versions.every(isVersion)
  )
}

function isVersion(value: unknown): boolean {
  if (!hasTexts(value, ['version'])) return false
  if (memberOf(value, 'kind') === 'failed') return hasReason(value)
  const answers = memberOf(value, 'answers')
  const ccc = memberOf(value, 'ccc')
  return (
    memberOf(value, 'kind') === 'probed' &&
    isObject(answers) &&
    questions.every((question) => !(question in answers) || isAnswer(memberOf(answers, question))) &&
    hasTexts(memberOf(value, 'resumption'), ['afterResponse', 'afterCloseNotify', 'afterFin']) &&
    (ccc === undefined || isCcc(ccc))
  )
}

function isAnswer(value: unknown): boolean {
  if (memberOf(value, 'kind') === 'not-observed') return hasReason(value)
  return (
    memberOf(value, 'kind') === 'observed' &&
    hasTexts(value, ['ending', 'tcp']) &&
    typeof memberOf(value, 'userCanceled') === 'boolean' &&
    typeof memberOf(value, 'bytes') === 'number'
  )
}

function isCcc(value: unknown): boolean {
  switch (memberOf(value, 'kind')) {
    case 'not-observed':
      return hasReason(value)
    case 'refused':
      return hasTexts(value, ['command']) && isObject(memberOf(value, 'reply'))
    case 'no-reply':
      return hasTexts(value, ['command', 'ending'])
    case 'accepted':
      return hasTexts(value, ['tls', 'control'])
    default:
      return false
  }
}

function hasReason(value: unknown): boolean {
  return hasTexts(memberOf(value, 'failure'), ['reason'])
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof memberOf(value, name) === 'string')
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
