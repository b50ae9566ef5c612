/** Programs that fetch something, and those that come with TLS libraries. */
import { pythonWords } from '../python.js'
import { capture } from '../run.js'
import { type AssessedClient, nodeWords, peerWords, wordsOf } from '../client.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'

export const curl: AssessedClient = {
  ...{ name: 'curl', title: 'curl', peer: 'curl' },
  prepare: () => ({
    command: peerWords('curl', 'curl', ['-sS', '--noproxy', '*', '--cacert', '{ca}', '{url}']),
    version: versionOf('curl', 'curl'),
    library: openssl('curl'),
  }),
}

export const curlGnutls: AssessedClient = {
  ...{ name: 'curl-gnutls', title: 'libcurl with GnuTLS (pycurl)', peer: 'python' },
  async prepare() {
    const words = pythonWords('python_pycurl.py')
    const said = await capture([...words, '--version'])
    const library = /GnuTLS\/[\d.]+/.exec(said)?.[0].replace('/', ' ')
    if (library === undefined) throw new Error(`Expected a libcurl with GnuTLS: ${said}`)
    return { command: [...words, '{url}', '{ca}'], version: versionOf('python', 'libcurl3-gnutls'), library }
  },
}

export const wget: AssessedClient = {
  ...{ name: 'wget', title: 'wget --tries=1', peer: 'wget' },
  prepare: () => ({
    // Otherwise it tries a response that was cut 20 times.
    command: peerWords('wget', 'wget', [
      '--no-config',
      '--no-proxy',
      '-qO-',
      '--tries=1',
      '--ca-certificate={ca}',
      '{url}',
    ]),
    version: versionOf('wget', 'wget'),
    library: gnutls('wget'),
  }),
}

/** What a plain server of files has under info/refs: git-http-backend(1). */
const refs = Array.from({ length: 400 }, (_, index) => `${index.toString(16).padStart(40, '0')}\trefs/heads/${index}\n`)

export const git: AssessedClient = {
  ...{ name: 'git', title: 'git ls-remote (libcurl)', peer: 'git', content: Buffer.from(refs.join('')) },
  prepare({ folder }) {
    const { command, env, root } = programOf('git', 'git')
    const own = {
      GIT_EXEC_PATH: `${root}/usr/lib/git-core`,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      HOME: folder,
    }
    return {
      command: wordsOf({ command, env }, ['ls-remote', '{url}'], { ...own, no_proxy: '*' }),
      version: versionOf('git', 'git'),
      library: gnutls('git'),
    }
  },
}

export const sClient: AssessedClient = {
  ...{ name: 's_client', title: 'openssl s_client -quiet', peer: 'openssl', isTool: true },
  prepare() {
    const args = ['s_client', '-quiet', '-verify_return_error', '-CAfile', '{ca}', '-connect', 'localhost:{port}']
    const words = peerWords('openssl', 'openssl', args)
    return {
      command: nodeWords('talk.mjs', ...words),
      version: versionOf('openssl', 'openssl'),
      library: openssl('openssl'),
    }
  },
}

export const gnutlsCli: AssessedClient = {
  ...{ name: 'gnutls-cli', title: 'gnutls-cli', peer: 'gnutls', isTool: true },
  prepare() {
    const words = peerWords('gnutls', 'gnutls-cli', ['--x509cafile', '{ca}', '-p', '{port}', 'localhost'])
    const version = versionOf('gnutls', 'gnutls-bin')
    return { command: nodeWords('talk.mjs', ...words), version, library: gnutls('gnutls') }
  },
}

function openssl(peer: string): string {
  return `OpenSSL ${upstreamVersionOf(peer, 'libssl3')}`
}

function gnutls(peer: string): string {
  return `GnuTLS ${upstreamVersionOf(peer, 'libgnutls30')}`
}
