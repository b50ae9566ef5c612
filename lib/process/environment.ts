// The policy of a process that is started with one.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorOf } from '../errors.js'
import { requireHere } from '../native/place.js'
import { invalid, onOneLineOf } from '../options.js'

/** The variable that holds the policy: JSON in place, or the path of a JSON or JS file. */
export const policyVariable = 'CLOSE_NOTIFY_POLICY'

/**
 * The policy that a value of the variable means, unchecked. A path is taken from the working directory. A file that ends
 * in `.json` is read as JSON; any other is loaded by require(), an ES module too, and its default export is the policy.
 * Nothing means all defaults.
 */
export function policyOfText(text: string | undefined): object | undefined {
  const given = text?.trim() ?? ''
  if (given === '') return undefined
  const policy = /^[{["]/.test(given) ? parsed(given, policyVariable) : ofFile(fileOf(given))
  if (isPolicy(policy)) return policy
  throw invalid(policyVariable, 'an object of options', policy)
}

function fileOf(given: string): string {
  return given.startsWith('file:') ? fileURLToPath(given) : path.resolve(given)
}

function ofFile(file: string): unknown {
  if (file.endsWith('.json')) return parsed(read(file), `${policyVariable}, the file ${file}`)
  try {
    // Of this package, whose use of require() for ES modules Node 20 and 22 do not warn of.
    return defaultOf(requireHere()(file))
  } catch (error) {
    throw unreadable(file, error)
  }
}

function defaultOf(module: unknown): unknown {
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : module
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const received = `${onOneLineOf(text, 80)} (${messageOf(error)})`
    throw errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name, expected: 'JSON', received }, { cause: error })
  }
}

function unreadable(file: string, error: unknown): Error {
  const expected = 'JSON that begins with {, or the path of a JSON or JS file,'
  const received = `${onOneLineOf(file)}, which cannot be loaded: ${messageOf(error)}`
  const facts = { code: 'ERR_CLOSURE_INVALID_ARGUMENT', name: policyVariable, expected, received } as const
  return errorOf(facts, { cause: error })
}

function messageOf(error: unknown): string {
  return onOneLineOf(error instanceof Error ? error.message : String(error))
}

function isPolicy(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
