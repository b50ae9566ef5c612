import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

// Where official archives and distributions put the headers of Node, OpenSSL's among them; else the system's own.
function openSslHeaders(): string {
  const besideNode = path.join(path.dirname(path.dirname(realpathSync(process.execPath))), 'include/node')
  return existsSync(path.join(besideNode, 'openssl/ssl.h')) ? besideNode : '/usr/include'
}

function compile(headers: string, before = ''): void {
  const input = `#include <openssl/ssl.h>\n${before}\n#include "native/openssl/abi_check.cc"\n`
  const command = ['-std=c++20', '-fsyntax-only', `-I${root}`, `-isystem${headers}`, '-x', 'c++', '-']
  execFileSync('g++', command, { input, stdio: 'pipe' })
}

it('declares the part of OpenSSL that it uses as the headers of OpenSSL do', () => {
  const headers = openSslHeaders()
  expect(existsSync(path.join(headers, 'openssl/ssl.h')), `OpenSSL's headers in ${headers}`).toBe(true)
  compile(headers)
})

it('would notice a constant or a call that OpenSSL defines otherwise', () => {
  const headers = openSslHeaders()
  expect(() => {
    compile(headers, '#undef SSL_CB_EXIT\n#define SSL_CB_EXIT 3')
  }).toThrow('SSL_CB_EXIT')
  expect(() => {
    compile(headers, 'extern "C" int other_shutdown(SSL*, int);\n#define SSL_shutdown other_shutdown')
  }).toThrow('static assertion failed')
})
