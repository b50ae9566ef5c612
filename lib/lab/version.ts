import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export function packageVersion(): string {
  // By its own name, which holds wherever the compiler put this file.
  const file = createRequire(import.meta.url).resolve('close-notify/package.json')
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isKnown = typeof content === 'object' && content !== null && 'version' in content
  return isKnown && typeof content.version === 'string' ? content.version : 'unknown'
}
