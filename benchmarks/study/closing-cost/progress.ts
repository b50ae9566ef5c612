import cliProgress from 'cli-progress'
import type { Progress } from './measure.js'

/** Tells on stderr how far a run is. */
export interface ProgressDisplay {
  show(progress: Progress): void
  stop(): void
}

/** A bar on a terminal, otherwise a line when the phase changes and every ten seconds. */
export function displayProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY ? bar(stream) : lines(stream)
}

function bar(stream: NodeJS.WriteStream): ProgressDisplay {
  const single = new cliProgress.SingleBar(
    {
      stream,
      format: '{phase} [{bar}] {percentage} % | {closings} closings | {duration_formatted}',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own way to end, and the library's would be a second one.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  let running = false
  return {
    show({ phase, fraction, closings }) {
      if (!running) single.start(1000, 0, { phase, closings })
      running = true
      single.update(Math.round(fraction * 1000), { phase, closings })
    },
    stop() {
      if (running) single.stop()
      running = false
    },
  }
}

const lineInterval = 10_000

function lines(stream: NodeJS.WriteStream): ProgressDisplay {
  let lastPhase = ''
  let lastLine = 0
  return {
    show({ phase, fraction, closings }) {
      const now = performance.now()
      if (phase === lastPhase && now - lastLine < lineInterval) return
      lastPhase = phase
      lastLine = now
      stream.write(`${phase}: ${(fraction * 100).toFixed(0)} %, ${closings} closings\n`)
    },
    stop() {},
  }
}
