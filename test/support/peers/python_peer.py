"""A TLS peer made of Python's ssl module that does what its argument says, step by step; see python.ts.

Prints one JSON object per line. Ends when its standard input ends.
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

# By its number: not every Python names it.
SSL_OP_IGNORE_UNEXPECTED_EOF = 0x80


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def name_of(error):
    # Python 3.11.2 has no class of its own for this reason, with which OpenSSL 3 tells of an end without close_notify.
    if getattr(error, "reason", None) == "UNEXPECTED_EOF_WHILE_READING":
        return ssl.SSLEOFError.__name__
    return type(error).__name__


def die_with_parent():
    # not sys.stdin: its lock, held by this thread, would abort the interpreter's exit
    while os.read(0, 4096):
        pass
    os._exit(0)


def context_of(options):
    server = options["role"] == "server"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    version = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[options["version"]]
    context.minimum_version = context.maximum_version = version
    # Stated, never left to the Python that is there: Debian's 3.11.2 sets it for every context, later ones do not.
    if options["ignoresUnexpectedEof"]:
        context.options |= SSL_OP_IGNORE_UNEXPECTED_EOF
    else:
        context.options &= ~SSL_OP_IGNORE_UNEXPECTED_EOF
    if server:
        context.load_cert_chain(options["certFile"], options["keyFile"])
    else:
        context.load_verify_locations(options["certFile"])
    return context


def connection_of(options):
    context = context_of(options)
    # a ragged EOF must raise: it is what the tests ask about
    wrap = {"suppress_ragged_eofs": False}
    if options["role"] == "client":
        raw = socket.create_connection(("127.0.0.1", options["port"]))
        return context.wrap_socket(raw, server_hostname=options["host"], **wrap)
    listener = socket.create_server(("127.0.0.1", 0))
    say("listening", port=listener.getsockname()[1])
    raw, _ = listener.accept()
    listener.close()
    return context.wrap_socket(raw, server_side=True, **wrap)


def read(tls, wanted):
    """Reads `wanted` bytes, or to the end where it is None."""
    length = 0
    while wanted is None or length < wanted:
        chunk = tls.recv(65536 if wanted is None else wanted - length)
        if not chunk:
            break
        length += len(chunk)
    return length


def run(step, tls):
    """Does one step; returns the socket that the next one works on."""
    do = step["do"]
    if do == "read":
        say("read", bytes=read(tls, step["bytes"]))
    elif do == "read-to-end":
        length = 0
        try:
            while chunk := tls.recv(16384 if "rate" in step else 65536):
                length += len(chunk)
                if "rate" in step:
                    time.sleep(len(chunk) / step["rate"])
            say("end", bytes=length, how="fin" if tls.version() is None else "close_notify")
        except (ssl.SSLError, ConnectionResetError) as error:
            say("end", bytes=length, how=name_of(error), reason=str(getattr(error, "reason", None)))
    elif do == "send":
        tls.sendall(b"x" * step["bytes"])
        say("sent", bytes=step["bytes"])
    elif do == "send-text":
        tls.sendall(step["text"].encode())
        say("sent", bytes=len(step["text"].encode()))
    elif do == "wait":
        time.sleep(step["ms"] / 1000)
        say("waited", ms=step["ms"])
    elif do == "unwrap":
        try:
            tls = tls.unwrap()
            say("unwrap", ok=True)
        except (ssl.SSLError, OSError) as error:
            say("unwrap", ok=False, error=name_of(error), reason=str(getattr(error, "reason", None) or error))
    elif do == "shutdown-write":
        # under the TLS: a FIN and no alert, the socket stays open
        socket.socket.shutdown(tls, socket.SHUT_WR)
        say("shutdown-write")
    elif do == "close":
        tls.close()
        say("close")
    elif do == "reset":
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tls.close()
        say("reset")
    elif do == "silent":
        say("silent")
        threading.Event().wait()
    else:
        raise ValueError(f"unknown step {do}")
    return tls


def main():
    threading.Thread(target=die_with_parent, daemon=True).start()
    options = json.loads(sys.argv[1])
    tls = connection_of(options)
    say("secure", version=tls.version())
    for step in options["steps"]:
        tls = run(step, tls)
    say("done")
    tls.close()


main()
