/** A folder for one server of the round: its key and certificate, the files that it serves, and whatever it writes. */
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { type Credentials, credentialsFor } from '../../lib/lab/credentials.js'

export interface Place {
  readonly folder: string
  readonly credentials: Credentials
  readonly certFile: string
  /** For root alone, or whoever runs this. */
  readonly keyFile: string
  /** Both in one, as some want them. */
  readonly bothFile: string
  /** The folder of the files that are served: `large.bin`, 1 MiB. */
  readonly documents: string
  readonly remove: () => Promise<void>
}

export const largeFile = 'large.bin'
export const largeBytes = 2 ** 20

/** The name that the certificate has. */
export const host = 'localhost'

export async function makePlace(name: string): Promise<Place> {
  const folder = await mkdtemp(path.join(os.tmpdir(), `close-notify-field-${name}-`))
  // Where this process ends without a word.
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeNow)
  const remove = async (): Promise<void> => {
    process.off('exit', removeNow)
    // A browser's last children may still write there.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const credentials = await credentialsFor(host)
    const inside = (file: string): string => path.join(folder, file)
    // A server that was started by root serves as somebody else.
    await chmod(folder, 0o755)
    await mkdir(inside('documents'), { mode: 0o755 })
    await writeFile(inside(`documents/${largeFile}`), Buffer.alloc(largeBytes, 'close_notify\n'), { mode: 0o644 })
    await writeFile(inside('cert.pem'), credentials.cert)
    await writeFile(inside('key.pem'), credentials.key, { mode: 0o600 })
    await writeFile(inside('both.pem'), credentials.cert + credentials.key, { mode: 0o600 })
    return {
      ...{ folder, credentials, remove },
      certFile: inside('cert.pem'),
      keyFile: inside('key.pem'),
      bothFile: inside('both.pem'),
      documents: inside('documents'),
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Writes a file of the server's into its folder, and returns its path. */
export async function writeInto({ folder }: Place, name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, `${lines.join('\n')}\n`)
  return file
}

export async function give(
  file: string,
  user: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  if (user !== undefined) await chown(file, user.uid, user.gid)
}
