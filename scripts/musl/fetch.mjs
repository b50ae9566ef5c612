// Makes a C++ library for musl in .cache/musl, which Debian has none of: libstdc++ and libgcc_s from the sources of the GCC of
// this machine, as Debian has them, with Debian's musl. prebuild.mjs compiles the binary for musl with its headers. The
// libraries themselves are for trying that binary here, and go into no package: a system with musl has its own.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unpackPackage } from '../support/debian-packages.mjs'
import { fetchFailed, fillFolder, onlyIn, reasonOf, run, stopOnSignal, stopped } from '../support/fetching.mjs'
import { helpIfAsked } from '../support/help.mjs'
import { hasMusl, howToGetMusl, muslFolder } from './musl.mjs'

helpIfAsked(`Usage: node scripts/musl/fetch.mjs

Makes a C++ library for musl in .cache/musl, from the sources of Debian's GCC, unless it is there: two minutes.
Needs x64 Debian with g++, make, xz-utils and musl-tools.

Exit code 0: it is there. 1: it could not be made. 75: something could not be fetched.
`)

const target = 'x86_64-linux-musl'
const debianMusl = `/usr/lib/${target}`
const ownHeaders = fileURLToPath(new URL('libgcc', import.meta.url))

class FetchError extends Error {}

stopOnSignal()
if (hasMusl()) console.log(`the C++ library for musl is there: ${muslFolder}`)
else if (!existsSync(join(debianMusl, 'musl-gcc.specs'))) {
  console.error(`musl/fetch: there is no ${debianMusl}/musl-gcc.specs. To do: ${howToGetMusl}`)
  process.exitCode = 1
} else await make()

async function make() {
  try {
    await fillFolder(muslFolder, async (filled, aside) => {
      const source = await fetchSource(aside)
      writeCompilers(filled)
      await makeLibgcc(source, filled, aside)
      await makeLibstdcxx(source, filled, aside)
    })
    console.log(`the C++ library for musl was made: ${muslFolder}`)
  } catch (error) {
    if (stopped()) return
    const isFetch = error instanceof FetchError
    console.error(`musl/fetch: ${isFetch ? 'FETCH FAILED, which is not a failed test' : 'it could not be made'}`)
    console.error(reasonOf(error).split('\n').slice(-20).join('\n').replace(/^/gm, '  '))
    process.exitCode = isFetch ? fetchFailed : 1
  }
}

/** Of the version whose g++ compiles it. */
async function fetchSource(aside) {
  const major = (await run('g++', ['-dumpversion'])).trim()
  const name = `gcc-${major}-source`
  console.error(`musl: ${name} (80 MB)`)
  await run('apt-get', ['download', '-q', name], { cwd: aside }).catch((error) => {
    throw new FetchError(`${name}: ${reasonOf(error)}. Is "apt-get update" needed?`)
  })
  await unpackPackage(onlyIn(aside, /^gcc-.*\.deb$/), join(aside, 'package'))
  const folder = join(aside, 'package/usr/src', `gcc-${major}`)
  const folders = ['libstdc++-v3', 'libgcc', 'libiberty', 'include', 'config'].map((name) => `${name}/*`)
  const tools = ['config*', '*.m4', 'install-sh', 'ltmain.sh', 'missing', 'depcomp', 'move-if-change', 'mkinstalldirs']
  const wanted = [...folders, ...tools, 'gcc/BASE-VER', 'gcc/DATESTAMP'].map((name) => `*/${name}`)
  const archive = onlyIn(folder, /^gcc-.*\.tar\.xz$/)
  await run('tar', ['-xf', archive, '-C', aside, '--wildcards', ...wanted])
  const source = onlyIn(aside, /^gcc-[\d.]+$/)
  // GCC's own build makes this link.
  symlinkSync('gthr-posix.h', join(source, 'libgcc/gthr-default.h'))
  return source
}

/**
 * Debian's compiler with musl's headers, start files and C library, by the name that Alpine has for it, and with the libraries
 * that are made here. Debian's own libgcc_eh asks for a function of glibc; its musl is for C, which throws nothing: without
 * --eh-frame-hdr no exception would find its handler.
 */
function writeCompilers(filled) {
  const given = readFileSync(join(debianMusl, 'musl-gcc.specs'), 'utf8')
  const libraries = '*libgcc:\nlibgcc.a%s --as-needed -lgcc_s --no-as-needed\n\n*lib:\n-l:libc.musl-x86_64.so.1'
  const specs = given.replace(/^\*libgcc:\n.*$/m, libraries).replace(/^\*link:\n/m, '*link:\n--eh-frame-hdr ')
  if (!specs.includes(libraries) || !specs.includes('*link:\n--eh-frame-hdr '))
    throw new Error(`expected *libgcc: and *link: in ${debianMusl}/musl-gcc.specs`)
  writeFileSync(join(filled, 'musl.specs'), specs)
  for (const name of ['bin', 'lib']) mkdirSync(join(filled, name))
  symlinkSync(join(debianMusl, 'libc.so'), join(filled, 'lib/libc.musl-x86_64.so.1'))
  const script = (program, more) => `#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
exec ${program} -specs "$here/musl.specs" ${more}-L "$here/lib" "$@"
`
  const cxxHeaders = `-nostdinc++ -isystem "$here/include/${target}" -isystem "$here/include" `
  for (const [name, text] of [
    [`${target}-gcc`, script('gcc', '')],
    [`${target}-g++`, script('g++', cxxHeaders)],
  ]) {
    writeFileSync(join(filled, 'bin', name), text)
    chmodSync(join(filled, 'bin', name), 0o755)
  }
}

/** Of libgcc, what exceptions take and what Node asks for. GCC's own build would have to make a compiler first. */
async function makeLibgcc(source, filled, aside) {
  const libgcc = join(source, 'libgcc')
  const folder = join(aside, 'libgcc')
  mkdirSync(folder)
  for (const name of readdirSync(ownHeaders)) copyFileSync(join(ownHeaders, name), join(folder, name))
  for (const name of ['tconfig.h', 'coretypes.h', 'libgcc_tm.h', 'auto-target.h']) writeFileSync(join(folder, name), '')
  copyFileSync(join(libgcc, 'unwind-generic.h'), join(folder, 'unwind.h'))
  copyFileSync(join(libgcc, 'config/i386/linux-unwind.h'), join(folder, 'md-unwind-support.h'))
  const gcc = join(filled, 'bin', `${target}-gcc`)
  const flags = ['-O2', '-fPIC', '-fexceptions', '-fbuilding-libgcc', '-DIN_LIBGCC2', '-I.', `-I${libgcc}`]
  const compile = async (file, name, more) => {
    await run(gcc, [...flags, `-I${source}/include`, ...more, '-c', file, '-o', name], { cwd: folder })
    return name
  }
  const objects = [await compile('replace_cold.c', 'replace_cold.o', [])]
  for (const name of ['unwind-dw2', 'unwind-dw2-fde-dip', 'unwind-c']) {
    objects.push(await compile(join(libgcc, `${name}.c`), `${name}.o`, []))
  }
  // Functions of 128 bits, by the names that libgcc2.c has for those of 64.
  for (const part of ['moddi3', 'divdi3', 'umoddi3', 'udivdi3', 'udivmoddi4', 'popcountsi2', 'popcount_tab']) {
    objects.push(await compile(join(libgcc, 'libgcc2.c'), `${part}.o`, [`-DL_${part}`]))
  }
  const library = join(filled, 'lib/libgcc_s.so.1')
  const libraries = [(await run('gcc', ['-print-file-name=libgcc.a'])).trim(), '-l:libc.musl-x86_64.so.1']
  const link = ['-shared', '-nostdlib', '-Wl,-soname,libgcc_s.so.1', '-o', library, ...objects, ...libraries]
  await run(gcc, link, { cwd: folder })
  symlinkSync('libgcc_s.so.1', join(filled, 'lib/libgcc_s.so'))
}

async function makeLibstdcxx(source, filled, aside) {
  const folder = join(aside, 'libstdc++')
  mkdirSync(folder)
  // What configure looks for it links, and runs, which it does where it believes to be at home: without that there would be
  // no file system in the library. It links as gcc does, for g++ would ask for the library itself.
  const gcc = join(filled, 'bin', `${target}-gcc`)
  const options = [
    `--host=${target}`,
    `--build=${target}`,
    '--prefix=/',
    '--with-gxx-include-dir=/include',
    '--disable-multilib',
    '--disable-libstdcxx-pch',
    '--disable-nls',
    '--disable-werror',
    '--enable-clocale=generic',
    `CC=${gcc}`,
    `CXX=${gcc} -nostdinc++`,
    'CFLAGS=-O2',
    'CXXFLAGS=-O2',
  ]
  console.error('musl: configuring libstdc++')
  await run(join(source, 'libstdc++-v3/configure'), options, { cwd: folder })
  console.error('musl: compiling libstdc++')
  const make = (...args) => run('make', args, { cwd: folder, timeout: 20 * 60_000 })
  await make(`-j${availableParallelism()}`)
  await make('install', `DESTDIR=${filled}`)
  if (!existsSync(join(filled, 'include', target, 'bits/c++config.h')))
    throw new Error(`expected the headers of libstdc++ for ${target} in ${filled}/include`)
}
