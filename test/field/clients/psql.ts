/** psql, which has a judge of its own. */
import { type JudgedClient, wordsOf } from '../client.js'
import { meetPsql, type PsqlSight, psqlSituations } from '../judge/psql-judge.js'
import { programOf, upstreamVersionOf, versionOf } from '../programs.js'
import { postgresql } from '../servers/mail-and-data.js'

const question = "select repeat('x', 1000000)"

export const psql: JudgedClient = {
  ...{ kind: 'judged', name: 'psql', title: 'psql', peer: 'postgresql' },
  async look(place, { timeout, signal }) {
    const server = await postgresql.start(place)
    try {
      const target = 'host=localhost port={port} user=postgres dbname=postgres sslmode=verify-full sslrootcert={ca}'
      const { credentials, certFile: ca } = place
      const command = wordsOf(programOf('postgresql', 'psql'), ['-XAtc', question, `${target} gssencmode=disable`])
      const sights: PsqlSight[] = []
      for (const situation of psqlSituations) {
        sights.push(await meetPsql(situation, { command, port: server.port, ca, credentials, timeout, signal }))
      }
      return {
        version: versionOf('postgresql', 'postgresql-client-15'),
        library: `OpenSSL ${upstreamVersionOf('postgresql', 'libssl3')}`,
        sights,
      }
    } finally {
      await server.stop()
    }
  },
}
