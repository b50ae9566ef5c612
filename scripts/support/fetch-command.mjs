// The command line of the scripts that fetch pinned things: their options and their exit code for a wrong call.
import { parseArgs } from 'node:util'
import { stopOnSignal } from './fetching.mjs'
import { fetchThings } from './pinned-folders.mjs'

/**
 * Runs `node scripts/FOLDER/fetch.mjs`. `all` is the table of what it knows, each entry with a `name`; `kind` is what
 * one of them is called; an entry with `onDemand` is fetched only where it is named. `thingOf` makes of an entry what pinned-folders.mjs fetches, `locate` what `--json` prints, and
 * `updatePins` pins some entries anew.
 */
export async function runFetchCommand({ folder, usage, kind, all, thingOf, locate, updatePins }) {
  const script = `${folder}/fetch`
  const misused = (message) => {
    console.error(`${script}: ${message}\n\n${usage}`)
    process.exit(2)
  }
  const readArguments = () => {
    const options = { json: { type: 'boolean' }, 'update-pins': { type: 'boolean' }, help: { type: 'boolean' } }
    try {
      return parseArgs({ options, allowPositionals: true })
    } catch (error) {
      return misused(error.message)
    }
  }
  const named = (names) => {
    const unknown = names.filter((name) => !all.some((entry) => entry.name === name))
    if (unknown.length > 0) misused(`unknown ${kind}: ${unknown.join(', ')}`)
    return all.filter(({ name }) => names.includes(name))
  }
  const wanted = (names) => (names.length === 0 ? all : named(names))
  const toFetch = (names) => (names.length === 0 ? all.filter(({ onDemand }) => !onDemand) : named(names))
  const updateCommand = (names) => `node scripts/${script}.mjs --update-pins ${names.join(' ')}`

  const { values, positionals } = readArguments()
  stopOnSignal()
  if (values.help) process.stdout.write(usage)
  else if (values.json) console.log(JSON.stringify(wanted(positionals).map(locate), undefined, 2))
  else if (values['update-pins']) await updatePins(wanted(positionals))
  else await fetchThings({ script, updateCommand, things: toFetch(positionals).map(thingOf) })
}
