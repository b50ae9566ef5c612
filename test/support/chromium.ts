import { delimiter, join } from 'node:path'
import { isExecutable } from './peers/programs.js'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The Chromium of the system; undefined where there is none, which is said once. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
  if (found === undefined) console.warn('\nNO TEST OPENS A PAGE IN CHROMIUM: to try, apt-get install chromium\n')
  return found
}
