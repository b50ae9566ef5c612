// Results that were printed before: by --json (one, or an array) or by --ndjson (one on each line).
import type { ProbeResult } from '../../lab/probe/result.js'

/** @throws Error that says which form was expected */
export function readResults(text: string): readonly ProbeResult[] {
  const values = parse(text)
  const results = values.filter(isResult)
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

/** As far as a comparison needs it; the header of a journal is none. */
function isResult(value: unknown): value is ProbeResult {
  if (typeof value !== 'object' || value === null) return false
  if (!('kind' in value) || value.kind !== 'probe' || !('format' in value)) return false
  if (value.format !== 1) throw new Error(`expected results of format 1, these have format ${String(value.format)}`)
  return 'target' in value && 'versions' in value && Array.isArray(value.versions)
}
