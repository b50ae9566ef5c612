import { readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { ClosureError, type ClosureErrorCode, errorOf } from '../errors.js'
import { checkAll, checkText, checkTextIfGiven, onOneLineOf, type OptionRules } from '../options.js'
import type { LibraryRequest, LoadFailure, NativeLibrary } from '../native/engine.js'
import { libcOfProcess } from '../native/libc.js'
import { describeMachine, type ElfLibrary, type ElfMachine, readElfLibrary, readElfMachine } from './elf.js'
import { glibcOfProcess, isGlibcTold, isNewer, newestGlibc } from './glibc.js'
import { engineOfThread } from './memory.js'
import { OpenSSL } from './openssl.js'

/** Options of {@link loadOpenSSL}. Unknown keys are refused by name. */
export interface LoadOptions {
  /**
   * The libcrypto that belongs to the libssl.
   * @default the file next to the libssl that has the name which the libssl asks for
   */
  readonly crypto?: string
}

export const loadRules = {
  crypto: {
    check: checkTextIfGiven,
    unit: '',
    default: 'the file next to the libssl that has the name which the libssl asks for',
  },
} satisfies OptionRules<LoadOptions>

let own: OpenSSL | undefined
const loaded = new Map<string, { readonly openssl: OpenSSL; readonly libcrypto: string }>()

/**
 * The OpenSSL of this process, or a libssl file beside it. The same file gives the same object at every call, in each
 * thread; once loaded, a library stays for the life of the process.
 *
 * A file is read before the system's loader sees it, so that each cause of failure has an error of its own. It is
 * opened with its own libcrypto (RTLD_LOCAL | RTLD_DEEPBIND), and it is made sure that these two are bound to each
 * other. Its initialisation (OPENSSL_init_ssl(3)) reads no configuration file. Two files of one SONAME would mix
 * without a word, so that the second is refused: compare such builds in a process each.
 *
 * @throws ClosureError ERR_OPENSSL_NOT_A_LIBRARY: no such file, no shared library, or no libssl
 * @throws ClosureError ERR_OPENSSL_WRONG_ARCHITECTURE: made for another processor or word size
 * @throws ClosureError ERR_OPENSSL_NEEDS_NEWER_GLIBC: says which, and which this process has
 * @throws ClosureError ERR_OPENSSL_LIBCRYPTO: its libcrypto is not there, does not fit or cannot be loaded, or the
 * library was loaded with another one before
 * @throws ClosureError ERR_OPENSSL_SONAME_IN_USE: names the file that has it
 * @throws ClosureError ERR_OPENSSL_LACKS_FUNCTION: names what every call here stands on and this build has not
 * @throws ClosureError ERR_OPENSSL_LOAD_FAILED: what else the loader said; anything but Linux with glibc
 * @throws ClosureError ERR_CLOSURE_UNSUPPORTED_RUNTIME without a path, where this process has no OpenSSL (Bun, Deno)
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, ERR_CLOSURE_LOAD_FAILED
 */
export function loadOpenSSL(libssl?: string, options?: LoadOptions): OpenSSL {
  const { crypto } = checkAll(loadRules, options)
  if (libssl === undefined) {
    if (crypto !== undefined) throw libcryptoError('The option crypto needs the path of a libssl')
    own ??= new OpenSSL(opened(engineOfThread().ownLibrary(), 'ERR_CLOSURE_UNSUPPORTED_RUNTIME'), undefined)
    return own
  }
  const file = realFile(checkText('libssl', libssl))
  const named = crypto === undefined ? undefined : realFile(crypto)
  const known = loaded.get(file)
  if (known !== undefined) {
    if (named === undefined || named === known.libcrypto) return known.openssl
    throw libcryptoError(`${file} was loaded with ${known.libcrypto || 'its own libcrypto'} before, not with ${named}`)
  }
  const engine = engineOfThread()
  requireGlibcSystem()
  const request = inspect(file, named)
  const openssl = new OpenSSL(opened(engine.openLibrary(request), 'ERR_OPENSSL_LOAD_FAILED'), request)
  loaded.set(file, { openssl, libcrypto: request.libcrypto })
  return openssl
}

// No other system can load a library with symbols of its own.
function requireGlibcSystem(): void {
  const system = process.platform === 'linux' ? libcOfProcess() : process.platform
  if (system === 'glibc' || system === undefined) return
  const message = `A libssl can be loaded by its path on Linux with glibc only, and this is ${system}`
  throw new ClosureError('ERR_OPENSSL_LOAD_FAILED', `${message}: loadOpenSSL() without a path gives the process's own`)
}

function opened(library: NativeLibrary | LoadFailure, unsupported: ClosureErrorCode): NativeLibrary {
  if ('failure' in library) throw errorOfFailure(library, unsupported)
  return library
}

function errorOfFailure(failed: LoadFailure, unsupported: ClosureErrorCode): ClosureError {
  const { failure, message, library, soname, holder, functions } = failed
  const glibc = newestGlibc(/`(GLIBC_[\d.]+)' not found/.exec(message)?.slice(1) ?? [])
  if (glibc !== undefined) return glibcError(`${message}. What it stands on`, glibc)
  switch (failure) {
    case 'soname-in-use':
      return errorOf({ code: 'ERR_OPENSSL_SONAME_IN_USE', library, soname, holder })
    case 'lacks-function':
      return errorOf({ code: 'ERR_OPENSSL_LACKS_FUNCTION', library, functions })
    case 'libcrypto':
    case 'wrong-libcrypto':
      return libcryptoError(message)
    case 'libssl':
      return new ClosureError('ERR_OPENSSL_LOAD_FAILED', message)
    case 'unsupported-system':
      return new ClosureError(unsupported, message)
  }
}

// The functions that tell a libssl, and a libcrypto.
const libsslFunction = 'SSL_shutdown'
const libcryptoFunction = 'OpenSSL_version'

function inspect(libssl: string, named: string | undefined): LibraryRequest {
  const elf = readLibrary(libssl)
  if (elf.defines?.[libsslFunction] === false) {
    throw new ClosureError('ERR_OPENSSL_NOT_A_LIBRARY', `${libssl} is no libssl: it has no ${libsslFunction}`)
  }
  const request = { libssl, libsslSoname: elf.soname }
  const wanted = elf.needed.find((name) => /^libcrypto\b/.test(name))
  if (wanted === undefined && elf.defines?.[libcryptoFunction] !== false) {
    if (named !== undefined) throw libcryptoError(`${libssl} holds its libcrypto in itself: do not name another`)
    requireGlibc(libssl, elf)
    return { ...request, libcrypto: '', libcryptoSoname: '' }
  }
  const libcrypto = named ?? beside(libssl, wanted)
  const crypto = readLibrary(libcrypto)
  if (crypto.defines?.[libcryptoFunction] === false) {
    throw libcryptoError(`${libcrypto} is no libcrypto: it has no ${libcryptoFunction}`)
  }
  if (wanted !== undefined && crypto.soname !== wanted) {
    const name = crypto.soname === '' ? 'has no SONAME' : `is ${crypto.soname}`
    throw libcryptoError(`${libssl} needs ${wanted}, and ${libcrypto} ${name}`)
  }
  requireGlibc(libcrypto, crypto)
  requireGlibc(libssl, elf)
  return { ...request, libcrypto, libcryptoSoname: crypto.soname }
}

function readLibrary(file: string): ElfLibrary {
  const [here, there] = [machineOfProcess(), readElfMachine(file)]
  if (here.bits !== there.bits || here.machine !== there.machine || here.byteOrder !== there.byteOrder) {
    const [expected, received] = [describeMachine(here), describeMachine(there)]
    throw errorOf({ code: 'ERR_OPENSSL_WRONG_ARCHITECTURE', library: file, expected, received })
  }
  return readElfLibrary(file, [libsslFunction, libcryptoFunction])
}

// The program itself, or the loader under which it was started: both are made for this machine.
function machineOfProcess(): ElfMachine {
  try {
    return readElfMachine('/proc/self/exe')
  } catch {
    // Not every system has it, and Deno shows it to programs alone that may do all.
    return readElfMachine(process.execPath)
  }
}

function beside(libssl: string, wanted: string | undefined): string {
  const folder = path.dirname(libssl)
  if (wanted !== undefined && readdirSync(folder).includes(wanted)) return realFile(path.join(folder, wanted))
  const what = wanted ?? 'a libcrypto'
  throw libcryptoError(`${libssl} needs ${what}, which is not next to it: name it by the option crypto`)
}

function requireGlibc(file: string, { versions }: ElfLibrary): void {
  const needed = newestGlibc(versions)
  // Where the runtime does not tell, the system's loader does.
  if (needed === undefined || !isGlibcTold()) return
  const here = glibcOfProcess()
  if (here === undefined || isNewer(needed, here)) throw glibcError(file, needed)
}

function glibcError(library: string, needed: string): ClosureError {
  return errorOf({ code: 'ERR_OPENSSL_NEEDS_NEWER_GLIBC', library, needed, present: glibcOfProcess() })
}

// Anything but a file could keep whoever opens it waiting.
function realFile(file: string): string {
  let real: string
  try {
    real = realpathSync(file)
    if (statSync(real).isFile()) return real
  } catch (error) {
    const reason = onOneLineOf(error instanceof Error ? error.message : String(error))
    const message = `There is no libssl at ${onOneLineOf(file)}: ${reason}`
    throw new ClosureError('ERR_OPENSSL_NOT_A_LIBRARY', message, { cause: error })
  }
  throw new ClosureError('ERR_OPENSSL_NOT_A_LIBRARY', `${real} is no libssl: it is no file`)
}

function libcryptoError(message: string): ClosureError {
  return new ClosureError('ERR_OPENSSL_LIBCRYPTO', message)
}
