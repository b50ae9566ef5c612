import cliProgress from 'cli-progress'

/** A bar on stderr while something takes long. */
export interface Progress {
  /** The total is the same every time; 0 where a format without it is shown. */
  show(done: number, total: number): void
  stop(): void
}

/** In ms: shorter work shows no bar. */
const patience = 1000

/** Only a terminal gets one: a file is not to be filled with it. */
export function displayProgress(
  stream: NodeJS.WriteStream,
  what: string,
  format: string = '{bar} {value} of {total} {what}',
): Progress {
  if (!stream.isTTY) return { show() {}, stop() {} }
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: format.replace('{what}', what),
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own way to end, and the library's would be a second one.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  let last = { done: 0, total: 0 }
  const timer = setTimeout(() => bar.start(last.total, last.done), patience)
  return {
    show(done, total) {
      last = { done, total }
      if (bar.isActive) bar.update(done)
    },
    stop() {
      clearTimeout(timer)
      if (bar.isActive) bar.stop()
    },
  }
}
