/** What languages bring with them. */
import path from 'node:path'
import process from 'node:process'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import { packageVersion } from '../../../lib/lab/version.js'
import { type AssessedClient, nodeWords, peerWords, wordsOf } from '../client.js'
import { laidOver } from '../overlay.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'
import { pythonWords } from '../python.js'
import { run } from '../run.js'

export const pythonUrllib: AssessedClient = {
  ...{ name: 'python-urllib', title: 'Python urllib.request', peer: 'python' },
  prepare: () => preparedPython('python_urllib.py'),
}

export const pythonHttpClient: AssessedClient = {
  ...{ name: 'python-http', title: 'Python http.client', peer: 'python' },
  prepare: () => preparedPython('python_http_client.py'),
}

function preparedPython(script: string) {
  return {
    command: [...pythonWords(script), '{url}', '{ca}'],
    version: versionOf('python', 'python3.11-minimal'),
    library: `OpenSSL ${upstreamVersionOf('python', 'libssl3')}`,
  }
}

export const nodeHttps: AssessedClient = {
  ...{ name: 'node', title: 'Node https' },
  prepare: () => preparedNode('https'),
}

export const nodeFetch: AssessedClient = {
  ...{ name: 'node-fetch', title: 'Node fetch' },
  prepare: () => preparedNode('fetch'),
}

export const nodeStrict: AssessedClient = {
  ...{ name: 'node-strict', title: "Node https, onTruncation: 'error'" },
  prepare() {
    const { version, ...prepared } = preparedNode('strict')
    return { ...prepared, version: `${version}, close-notify ${packageVersion()}` }
  },
}

function preparedNode(kind: string) {
  return {
    command: nodeWords('node-client.mjs', kind, '{url}', '{ca}'),
    version: process.versions.node,
    library: `OpenSSL ${process.versions.openssl}`,
  }
}

export const java: AssessedClient = {
  ...{ name: 'java', title: 'Java HttpClient', peer: 'java', isLaidOver: true, timeout: 15_000 },
  async prepare({ folder }) {
    const source = sourceFile('test/field/programs/JavaClient.java')
    const { program, args } = laidOver(programOf('java', 'java'), ['usr', 'etc'])
    const compiler = ['-m', 'jdk.compiler/com.sun.tools.javac.Main', '-d', folder, source]
    await run(program, args(compiler), { cwd: folder, user: undefined })
    const options = ['-Xmx128m', '-XX:TieredStopAtLevel=1', `-Djava.io.tmpdir=${folder}`, '-cp', path.resolve(folder)]
    const version = upstreamVersionOf('java', 'openjdk-17-jdk-headless')
    return {
      command: wordsOf(program, args([...options, 'JavaClient', '{url}', '{ca}'])),
      ...{ version, library: 'JSSE' },
    }
  },
}

export const rclone: AssessedClient = {
  ...{ name: 'go', title: 'Go net/http (rclone copyurl)', peer: 'rclone' },
  prepare({ folder }) {
    const once = ['--retries', '1', '--low-level-retries', '1']
    const args = ['--config', path.join(folder, 'none'), '--ca-cert', '{ca}', ...once, 'copyurl', '--stdout', '{url}']
    return {
      command: peerWords('rclone', 'rclone', args),
      version: versionOf('rclone', 'rclone'),
      library: 'Go crypto/tls',
    }
  },
}
