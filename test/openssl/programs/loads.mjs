// Loads libraries one after the other: arguments are JSON arrays of what loadOpenSSL takes. A line for each.
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

for (const argument of process.argv.slice(2)) console.log(JSON.stringify(outcome(JSON.parse(argument))))

function outcome(args) {
  try {
    const { kind, version, libssl, libcrypto } = loadOpenSSL(...args)
    return { kind, version, libssl, libcrypto }
  } catch (error) {
    const { name, code, origin, message, facts } = error
    return { name, code, origin, message, facts }
  }
}
