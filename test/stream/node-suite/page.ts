/** docs/stream-and-node-tests.md, out of the cases. */
import { isRun, type NodeCase } from './case.js'
import { nodeCases } from './cases.js'

type Result = 'same' | 'differs' | 'not offered'

function resultOf(one: NodeCase): Result {
  if (!isRun(one)) return 'not offered'
  return one.differs === undefined ? 'same' : 'differs'
}

export function page(): string {
  const counted = (result: Result) => nodeCases.filter((one) => resultOf(one) === result).length
  return `# TLS streams before Node's own tests

Node's tests of tls are a judge that nobody here wrote. Of \`test/parallel\` in nodejs/node these are the ones about streams, closing,
half-open connections, back-pressure and destroy: what each asks, in a form of our own, is asked of two ends of node:tls, of two
TLS streams, and of one of each both ways round, in TLS 1.2 and 1.3. Stock Node has to give what the case says, and a TLS stream the
same, but for the differences that are named here. Of ${nodeCases.length} tests, ${counted('same')} have the same outcome, ${counted('differs')} differ on purpose, and ${counted('not offered')} are of what
is not offered.

\`npx vitest run test/stream/node-suite\` runs them; with \`-u\` behind \`test/docs/stream-and-node-tests.test.ts\` that test writes this page.

| Node's test | what it asks | TLS streams | why |
|---|---|---|---|
${nodeCases.map((one) => `${rowOf(one)}\n`).join('')}`
}

function rowOf(one: NodeCase): string {
  return `| ${[one.test, one.asks, resultText(one), reasonOf(one)].map(cell).join(' | ')} |`
}

function resultText(one: NodeCase): string {
  if (!isRun(one) || one.differs === undefined) return resultOf(one)
  const { client, server } = one.differs
  const sides = [client !== undefined && 'client', server !== undefined && 'server'].filter((side) => side !== false)
  return `differs: ${sides.join(' and ')}`
}

function reasonOf(one: NodeCase): string {
  return isRun(one) ? (one.differs?.because ?? '') : one.absent
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
