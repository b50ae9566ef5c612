"""Python's side of the study: a TLS client that closes first, by SSLSocket.unwrap().

It is asked over its standard input and answers over its standard output, as benchmarks/support/child.ts describes:

    open HOST PORT PROTOCOL          connects and reads one byte; answers with an id
    close ID bidirectional NAME BYTES WAIT
                                     writes BYTES bytes that begin with the line NAME, closes, and answers with the
                                     times before the write, after unwrap() and after close(), in ns of
                                     CLOCK_MONOTONIC, and with how it went
    destroy ID                       close(), and nothing else

Its argument is a file with the certificate to trust. Each request has a thread of its own, so that many can wait at
once. It is ready with two words: the versions of Python and of its OpenSSL.
"""

import itertools
import os
import platform
import signal
import socket
import ssl
import sys
import threading
import time


def client_context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(sys.argv[1])
    context.minimum_version = context.maximum_version = version
    return context


contexts = {
    'TLSv1.2': client_context(ssl.TLSVersion.TLSv1_2),
    'TLSv1.3': client_context(ssl.TLSVersion.TLSv1_3),
}
connections = {}
ids = itertools.count(1)
output = threading.Lock()


def open_connection(host, port, protocol):
    plain = socket.create_connection((host, int(port)))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = contexts[protocol].wrap_socket(plain, server_hostname='localhost')
    # Who has read a byte has read the session tickets before it, too.
    if connection.recv(1) == b'':
        raise EOFError('the peer ended the connection')
    identity = next(ids)
    connections[identity] = connection
    return identity


def close_connection(identity, mode, name, size, wait):
    if mode != 'bidirectional':
        raise ValueError('unwrap() is bidirectional')
    payload = (name + '\n').encode().ljust(int(size), b'x')
    if len(payload) != int(size):
        raise ValueError('the payload is shorter than its first line')
    connection = connections.pop(int(identity))
    connection.settimeout(int(wait) / 1000)
    began = time.monotonic_ns()
    connection.sendall(payload)
    result = unwrap(connection)
    done = time.monotonic_ns()
    connection.close()
    closed = time.monotonic_ns()
    return f'{began} {done} {closed} {result}'


def unwrap(connection):
    try:
        connection.unwrap()
        return 'clean'
    except TimeoutError:
        return 'timed-out'
    except ssl.SSLError as error:
        # unwrap() is SSL_shutdown twice, which fails on data that comes before the peer's close_notify.
        if error.reason == 'APPLICATION_DATA_AFTER_CLOSE_NOTIFY':
            return 'failed-on-data'
        if isinstance(error, ssl.SSLEOFError) or error.reason == 'UNEXPECTED_EOF_WHILE_READING':
            return 'truncated'
        raise
    # A FIN is an error without a number on some versions, a RST is ECONNRESET.
    except OSError as error:
        if error.errno == 0 or isinstance(error, ConnectionError):
            return 'truncated'
        raise


def destroy_connection(identity):
    connections.pop(int(identity)).close()


commands = {'open': open_connection, 'close': close_connection, 'destroy': destroy_connection}


def answer(number, command, words):
    try:
        # Without a function it is asked for a sign of life.
        value = commands.get(command, lambda *words: None)(*words)
        text = 'ok' if value is None else f'ok {value}'
    except Exception as error:
        text = f'error {type(error).__name__} {error}'.replace('\n', ' ')
    with output:
        print(number, text, flush=True)


# Ctrl-C reaches the whole process group; the parent decides when a child goes.
signal.signal(signal.SIGINT, signal.SIG_IGN)
print('ready', platform.python_version(), ssl.OPENSSL_VERSION.split(' ')[1], flush=True)
for line in iter(sys.stdin.readline, ''):
    number, command, *words = line.split()
    threading.Thread(target=answer, args=(number, command, words), daemon=True).start()
# Threads that still wait must not keep the process.
os._exit(0)
