// Puts the programs that tests talk to into .cache/peers, each unpacked in a folder of its own, with its libraries: no
// root is needed, nothing is installed, and every machine tests with the same ones. See peers.mjs. `npm test` calls it.
import { join } from 'node:path'
import { closureInRelease } from '../support/debian-packages.mjs'
import { runFetchCommand } from '../support/fetch-command.mjs'
import { fetchFailed, reasonOf, removeLeftovers, stopped } from '../support/fetching.mjs'
import { failed, isWhole, withIndexFolder, writeJson } from '../support/pinned-folders.mjs'
import { descriptionOf, peers, peersFolder, pinsFile, readPins, release, without } from './peers.mjs'

const pins = readPins()

const usage = `Usage: node scripts/peers/fetch.mjs [--json | --update-pins] [NAME...]

Fetches the programs that are not there yet into .cache/peers, those named, or all but those on demand:
${peers.map((peer) => `  ${peer.name.padEnd(12)} ${thingOf(peer).version.padEnd(24)} from Debian ${release}${peer.onDemand ? ', on demand' : ''}`).join('\n')}

  --json          fetch nothing, print what is there
  --update-pins   fetch nothing, pin the packages that the archive has now (writes scripts/peers/pins.json)
  --help          this text

Exit code 0: all are there. 1: a package is not the one that was pinned, or is broken. 2: the call was wrong.
75: something could not be fetched, or the archive no longer has it, which says nothing about this package.
`

await runFetchCommand({ folder: 'peers', usage, kind: 'peer', all: peers, thingOf, locate, updatePins })

/** A peer as pinned-folders.mjs fetches it. */
function thingOf(peer) {
  const own = pins[peer.name] ?? {}
  // Those that are named in the table are wanted whether they are pinned or not.
  const names = [...new Set([...peer.packages, ...Object.keys(own)])]
  const files = Object.values(peer.programs)
  return {
    name: peer.name,
    version: own[peer.packages[0]]?.version ?? 'not pinned',
    folder: join(peersFolder, peer.name),
    packages: names.map((name) => ({ release, name, pin: own[name] })),
    files,
    main: files[0],
    descriptions: { 'peer.json': descriptionOf(peer) },
  }
}

/** Where a peer lies, what brings it to a machine otherwise, and whether it is there as it was pinned and unpacked. */
function locate(peer) {
  const { name, version, folder } = thingOf(peer)
  const { libraryPath } = descriptionOf(peer)
  const { programs, packages } = peer
  return { name, version, folder, programs, packages, libraryPath, present: isWhole(thingOf(peer)) }
}

async function updatePins(chosen) {
  removeLeftovers(peersFolder)
  const update = async (aside) => {
    for (const peer of chosen) {
      const found = await closureInRelease(release, peer.packages, without, aside)
      for (const [name, { version }] of found) {
        const before = pins[peer.name]?.[name]?.version
        if (before !== version) console.log(`${peer.name}: ${name}: ${before ?? 'none'} -> ${version}`)
      }
      pins[peer.name] = Object.fromEntries(found)
    }
    writeJson(pinsFile, pins)
  }
  await withIndexFolder(peersFolder, update).catch((error) => {
    if (!stopped()) failed('peers/fetch', fetchFailed, chosen.map(({ name }) => name).join(', '), reasonOf(error))
  })
}
