/** Browsers without a window: a page asks with fetch(), and its promise tells whether the response was whole. */
import { findChromium } from '../../support/chromium.js'
import { type AssessedClient, nodeWords, wordsOf } from '../client.js'
import { programOf, versionOf } from '../programs.js'
import { capture } from '../run.js'

export const chromium: AssessedClient = {
  ...{ name: 'chromium', title: 'Chromium, fetch()', timeout: 20_000 },
  async prepare({ folder }) {
    const executable = findChromium()
    if (executable === undefined) throw new Error('it is not installed: apt-get install chromium')
    // Its profile shall go with the place.
    const words = ['env', `TMPDIR=${folder}`, ...nodeWords('chromium.mjs', executable)]
    const version = (await capture([...words, '--version'])).trim()
    return { command: [...words, '{url}'], version, library: 'BoringSSL' }
  },
}

export const firefox: AssessedClient = {
  ...{ name: 'firefox', title: 'Firefox, fetch()', peer: 'firefox', timeout: 20_000 },
  prepare({ folder }) {
    const { command, env } = programOf('firefox', 'firefox-esr')
    const [node = '', ...args] = nodeWords('firefox.mjs', command, '{url}')
    return {
      command: wordsOf({ command: node, env }, args, { TMPDIR: folder }),
      version: versionOf('firefox', 'firefox-esr'),
      library: `NSS, its own`,
    }
  },
}
