// Usage: node node-client.mjs https|fetch|strict URL CERTIFICATE
// Prints what it gets, as the documentation of Node has it. `strict` is https with an agent that is told by this package
// to make an error of a truncation.
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'

const [kind, url, cert] = process.argv.slice(2)
if (kind === 'fetch') {
  // It trusts what NODE_EXTRA_CA_CERTS names.
  const response = await fetch(url)
  process.stdout.write(Buffer.from(await response.arrayBuffer()))
} else {
  const agent = new https.Agent({ ca: readFileSync(cert) })
  if (kind === 'strict') {
    const { controlClosure } = await import('close-notify')
    controlClosure(agent, { onTruncation: 'error' })
  }
  const response = await new Promise((resolve, reject) => {
    https.get(url, { agent }, resolve).on('error', reject)
  })
  await pipeline(response, process.stdout)
}
