import cliProgress from 'cli-progress'

/** How far a run is. */
export interface Progress {
  /** 'warm-up', or what is being measured. */
  readonly phase: string
  /** From 0 to 1. */
  readonly fraction: number
  /** What else is worth knowing: '120 closings', '12 min left'. */
  readonly note: string
}

/** Tells on stderr how far a run is. */
export interface ProgressDisplay {
  show(progress: Progress): void
  stop(): void
}

/** A bar on a terminal, otherwise a line when the phase changes and every ten seconds. */
export function displayProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY ? bar(stream) : lines(stream)
}

/** So that the line fits 80 columns. */
const widestPhase = 24

function bar(stream: NodeJS.WriteStream): ProgressDisplay {
  const single = new cliProgress.SingleBar(
    {
      stream,
      format: '{phase} [{bar}] {percentage} % | {note} | {duration_formatted}',
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
      // The program has its own way to end, and the library's would be a second one.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  )
  let running = false
  return {
    show({ phase, fraction, note }) {
      const short = phase.length > widestPhase ? `${phase.slice(0, widestPhase - 1)}…` : phase
      if (!running) single.start(1000, 0, { phase: short, note })
      running = true
      single.update(Math.round(fraction * 1000), { phase: short, note })
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
    show({ phase, fraction, note }) {
      const now = performance.now()
      if (phase === lastPhase && now - lastLine < lineInterval) return
      lastPhase = phase
      lastLine = now
      stream.write(`${phase}: ${(fraction * 100).toFixed(0)} %, ${note}\n`)
    },
    stop() {},
  }
}
