/** Look-ups of names that do not end before a test has them do so. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Has every thread that looks names up wait for a writer of a FIFO, until what it returns is called. */
export function blockLookups(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-fifo-'))
  const fifo = path.join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
  const readers = Array.from({ length: threads }, () => openFile(fifo, 'r'))
  return () => {
    const writer = openSync(fifo, 'r+')
    void Promise.all(readers).then((opened) => {
      closeSync(writer)
      for (const file of opened) void file.close()
      rmSync(folder, { recursive: true })
    })
  }
}
