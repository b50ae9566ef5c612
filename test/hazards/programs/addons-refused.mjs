// What the package says where Node may load no addon, and that it works where it may.
import { packageUrl, say } from './support.mjs'

const { runtimeSupport } = await import(packageUrl)
const support = runtimeSupport()
if (support.supported) say({ supported: true })
else {
  const { code, facts, message } = support.reason
  say({ code, places: facts.tried.length, remedy: facts.remedy, hasAdvice: message.includes(process.argv[2]) })
}
