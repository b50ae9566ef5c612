// Two copies of the package in one thread, over one addon: each sees its own calls.
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const other = new URL(`${process.argv[2]}/lib/openssl/index.js`, 'file:///')
const { loadOpenSSL: loadAgain } = await import(other)
const results = []
const randoms = new Set()
for (const load of [loadOpenSSL, loadAgain, loadOpenSSL, loadAgain]) {
  const ssl = load().createContext({ side: 'client' }).createSsl()
  const { result, output } = ssl.pump()
  // The random of its ClientHello: RFC 8446 section 4.1.2.
  randoms.add(output.toString('hex', 11, 43))
  results.push([result.value, result.error, output[0], ssl.outputPending()])
}
console.log(JSON.stringify({ areTwo: loadOpenSSL !== loadAgain, randoms: randoms.size, results }))
