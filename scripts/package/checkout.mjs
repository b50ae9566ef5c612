// What `npm pack` finds in the checkout, and how it is left: npm packs dist/ and prebuilds/ where they lie, so what belongs
// into the package stands in their place while it packs, and what was there comes back behind it.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where the folders of the checkout lie meanwhile. It is there while a package is packed, and after a packing that was cut off. */
export const kept = join(root, '.cache', 'kept-while-packing')

const folders = ['dist', 'prebuilds']

/** Puts the folders aside, with a copy of what the new ones begin with: all prebuilt binaries, and nothing compiled. */
export function keepFolders() {
  restoreFolders()
  mkdirSync(join(kept, 'absent'), { recursive: true })
  for (const name of folders) {
    if (existsSync(join(root, name))) renameSync(join(root, name), join(kept, name))
    else mkdirSync(join(kept, 'absent', name))
  }
  if (existsSync(join(kept, 'prebuilds'))) {
    cpSync(join(kept, 'prebuilds'), join(root, 'prebuilds'), { recursive: true, preserveTimestamps: true })
  }
}

/** Brings them back. Nothing happens where none were put aside. */
export function restoreFolders() {
  if (!existsSync(kept)) return
  for (const name of folders) {
    const isThere = existsSync(join(kept, name))
    if (!isThere && !existsSync(join(kept, 'absent', name))) continue
    rmSync(join(root, name), { recursive: true, force: true })
    if (isThere) renameSync(join(kept, name), join(root, name))
    else rmSync(join(kept, 'absent', name), { recursive: true })
  }
  rmSync(kept, { recursive: true })
}
