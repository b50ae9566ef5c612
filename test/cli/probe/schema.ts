/** Results of the probe, held against the schema that the package ships. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../../docs/probe-result.schema.json', import.meta.url), 'utf8'),
)
if (typeof schema !== 'object' || schema === null) throw new Error('Expected a schema')
const isResult = new Ajv({ allErrors: true, strict: true }).compile(schema)

/** @throws Error with what of it does not keep to the schema */
export function checkedResult(value: unknown): object {
  const isObject = typeof value === 'object' && value !== null
  if (isObject && isResult(value)) return value
  throw new Error(`Expected a result but received ${JSON.stringify(value)}: ${JSON.stringify(isResult.errors)}`)
}
