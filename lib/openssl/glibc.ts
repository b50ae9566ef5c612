// The glibc that libraries ask for, and the one that this process runs on.

interface Release {
  readonly major: number
  readonly minor: number
}

/** The newest of the glibc versions among version names, '2.38' for example; undefined where none is of glibc. */
export function newestGlibc(versions: readonly string[]): string | undefined {
  const [newest] = versions.flatMap((version) => releaseIn(version)).sort((a, b) => compare(b, a))
  return newest === undefined ? undefined : `${newest.major}.${newest.minor}`
}

/** Whether one version, '2.38' for example, is newer than another. */
export function isNewer(version: string, than: string): boolean {
  const [[a], [b]] = [releaseIn(`GLIBC_${version}`), releaseIn(`GLIBC_${than}`)]
  return a !== undefined && b !== undefined && compare(a, b) > 0
}

/** The version of the glibc of this process; undefined where it has another C library, or where the runtime does not tell. */
export function glibcOfProcess(): string | undefined {
  return glibcFacts().version
}

/** Whether the runtime tells. */
export function isGlibcTold(): boolean {
  return glibcFacts().isTold
}

interface GlibcFacts {
  readonly version: string | undefined
  readonly isTold: boolean
}

let known: GlibcFacts | undefined

function glibcFacts(): GlibcFacts {
  known ??= askRuntime()
  return known
}

// Node asks gnu_get_libc_version(3) for the header of its reports.
function askRuntime(): GlibcFacts {
  const { report } = process
  const excludesNetwork: unknown = Reflect.get(report, 'excludeNetwork')
  // It would look up the names of peers otherwise.
  Reflect.set(report, 'excludeNetwork', true)
  try {
    const header = property(report.getReport(), 'header')
    const version = property(header, 'glibcVersionRuntime')
    return { version: typeof version === 'string' ? version : undefined, isTold: true }
  } catch {
    // Deno makes no report for a program that may not ask for the system (--allow-sys).
    return { version: undefined, isTold: false }
  } finally {
    Reflect.set(report, 'excludeNetwork', excludesNetwork)
  }
}

function property(object: unknown, key: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined
}

function releaseIn(version: string): readonly Release[] {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? []
  return major === undefined || minor === undefined ? [] : [{ major: Number(major), minor: Number(minor) }]
}

function compare(a: Release, b: Release): number {
  return a.major - b.major || a.minor - b.minor
}
