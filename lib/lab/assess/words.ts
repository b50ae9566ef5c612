/** What stands for a server in the words of a command, and in its environment. */

/** The variables by which programs are told what to trust. */
export const caVariables = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
]

const host = 'localhost'

/** A command with `{url}`, `{host}`, `{port}` and `{ca}` (a file) replaced by those of a server on this machine. */
export function commandFor(
  words: readonly string[],
  { port, ca }: { readonly port: number; readonly ca: string },
): readonly string[] {
  const values = { url: `https://${host}:${port}/`, host, port: String(port), ca }
  return words.map((word) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), word),
  )
}
