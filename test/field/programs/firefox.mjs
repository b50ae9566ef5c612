// Usage: node firefox.mjs EXECUTABLE URL
// Prints what fetch() of a page gets, asked for by WebDriver BiDi.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'

const [executable, url] = process.argv.slice(2)
const profile = mkdtempSync(join(tmpdir(), 'firefox-'))
// Nothing but the page asks for anything.
const preferences = {
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
}
const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`)
writeFileSync(join(profile, 'user.js'), lines.join('\n'))
const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank']
const firefox = spawn(executable, args, {
  stdio: ['ignore', 'ignore', 'pipe'],
  env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
})
const gone = once(firefox, 'exit')
try {
  const socket = new WebSocket(`${await address()}/session`)
  await once(socket, 'open')
  const ask = asker(socket)
  await ask('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } })
  const { contexts } = await ask('browsingContext.getTree', {})
  const { type, result, exceptionDetails } = await ask('script.evaluate', {
    expression: `fetch(${JSON.stringify(url)}).then((response) => response.text())`,
    target: { context: contexts[0].context },
    awaitPromise: true,
  })
  if (type === 'success') process.stdout.write(result.value)
  else {
    console.error(exceptionDetails.text)
    process.exitCode = 1
  }
  await ask('browser.close', {})
  socket.terminate()
  await gone
} finally {
  firefox.kill('SIGKILL')
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
}

async function address() {
  for await (const line of createInterface({ input: firefox.stderr })) {
    const [, found] = /^WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? []
    if (found !== undefined) return found
  }
  throw new Error('Firefox did not tell its address')
}

function asker(socket) {
  let id = 0
  return async (method, params) => {
    const own = ++id
    const answered = new Promise((resolve, reject) => {
      socket.on('close', () => reject(new Error(`Firefox ended within ${method}`)))
      socket.on('message', (text) => {
        const message = JSON.parse(text)
        if (message.id !== own) return
        if (message.type === 'error') reject(new Error(`${message.error}: ${message.message}`))
        else resolve(message.result)
      })
    })
    socket.send(JSON.stringify({ id: own, method, params }))
    return answered
  }
}
