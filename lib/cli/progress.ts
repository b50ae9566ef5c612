import cliProgress from 'cli-progress'

/** A bar on stderr while something takes long. */
export interface Progress {
  show(done: number, total: number): void
  stop(): void
}

/** What is done sooner shows no bar. */
const patience = 1000

/** Only a terminal gets one: a file is not to be filled with it. */
export function displayProgress(stream: NodeJS.WriteStream, what: string): Progress {
  if (!stream.isTTY) return { show() {}, stop() {} }
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: `{bar} {value} of {total} ${what}`,
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own way to end, and the library's would be a second one.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  const began = performance.now()
  let isRunning = false
  return {
    show(done, total) {
      if (isRunning) bar.update(done)
      else if (performance.now() - began > patience) {
        bar.start(total, done)
        isRunning = true
      }
    },
    stop() {
      if (isRunning) bar.stop()
      isRunning = false
    },
  }
}
