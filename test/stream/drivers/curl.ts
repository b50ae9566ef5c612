/** curl (Debian: curl) for a transfer, from its start to its end. */
import { certificate } from '../../support/certificate.js'
import { startPeer, stopAfter } from '../../support/peers/child.js'
import { programOf } from '../../support/peers/programs.js'

export interface Transfer {
  /** 18: a part of the body is lacking. 56: TLS ended without close_notify. */
  readonly exitCode: number | null
  /** What `--write-out` has, and messages of errors. */
  readonly output: readonly string[]
}

/** `input` is what `--data-binary @-` sends. The bodies that come are dropped. */
export async function curl(port: number, args: readonly string[], input = ''): Promise<Transfer> {
  const peer = stopAfter(
    startPeer({
      ...programOf('curl'),
      args: [
        '--silent',
        '--show-error',
        '--cacert',
        certificate.certFile,
        '--connect-to',
        `${certificate.host}:443:127.0.0.1:${port}`,
        ...args,
      ],
    }),
  )
  if (input !== '') peer.write(input)
  peer.endInput()
  const { code } = await peer.exit
  return { exitCode: code, output: peer.output }
}

/** One path of the server, with what curl tells of it: how many bytes came, and how many connections it made for them. */
export function path(name: string): readonly string[] {
  return [
    `https://${certificate.host}/${name}`,
    '--output',
    '/dev/null',
    '--write-out',
    '%{http_version} %{http_code} %{size_download} %{num_connects}\\n',
  ]
}
