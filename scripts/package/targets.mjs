// The systems that the published package has a binary for. docs/install.md has the table for people.
import { howToGetMusl, muslCompilers } from '../musl/musl.mjs'

/**
 * `tools` build it on x64 Debian: the compilers, the program that strips, and what brings them where they are missing. `newest`
 * are the newest versions of names that its binary may ask for, as the README has them: libstdc++ of g++ 5.1 has the three
 * that are not of glibc, and glibc 2.17 is the first that knows arm64.
 */
export const targets = [
  {
    platform: 'linux',
    arch: 'x64',
    libc: 'glibc',
    newest: { GLIBC: '2.14', GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3.0' },
  },
  {
    platform: 'linux',
    arch: 'arm64',
    libc: 'glibc',
    newest: { GLIBC: '2.17', GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3.0' },
    tools: {
      compilers: { CC: 'aarch64-linux-gnu-gcc', CXX: 'aarch64-linux-gnu-g++', AR: 'aarch64-linux-gnu-ar' },
      strip: 'aarch64-linux-gnu-strip',
      howToGet: 'apt-get install g++-aarch64-linux-gnu',
    },
  },
  {
    platform: 'linux',
    arch: 'x64',
    libc: 'musl',
    newest: { GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3.0' },
    tools: { compilers: muslCompilers, strip: 'strip', howToGet: howToGetMusl },
  },
]

/** Where in the package the binary of a target lies. */
export function binaryOf({ platform, arch, libc }) {
  return `prebuilds/${platform}-${arch}/close_notify${libc === undefined ? '' : `.${libc}`}.node`
}

/** The target that is this machine, or what would be one. */
export function hostTarget() {
  const { platform, arch } = process
  const host = { platform, arch, ...(platform === 'linux' && { libc: ownLibc() }) }
  return targets.find((target) => binaryOf(target) === binaryOf(host)) ?? host
}

// Node tells of glibc alone.
function ownLibc() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}
