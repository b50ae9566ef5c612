// The systems that the published package has a binary for. docs/install.md has the table for people.

/**
 * `tools` build it on x64 Debian: the prefix of their names, and the package that brings them. `newest` are the newest
 * versions of names that its binary may ask for, as the README has them: libstdc++ of g++ 5.1 has the three that are not of
 * glibc, and glibc 2.17 is the first that knows arm64.
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
    tools: { prefix: 'aarch64-linux-gnu-', package: 'g++-aarch64-linux-gnu' },
    newest: { GLIBC: '2.17', GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3.0' },
  },
]

/** Where in the package the binary of a target lies. */
export function binaryOf({ platform, arch, libc }) {
  return `prebuilds/${platform}-${arch}/close_notify.${libc}.node`
}
