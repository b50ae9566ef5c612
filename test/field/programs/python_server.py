"""Usage: python3 python_server.py CERTIFICATE KEY

Serves the files of its folder, as the documentation of ssl and http.server has it.
"""

import platform
import ssl
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
library = " ".join(ssl.OPENSSL_VERSION.split()[:2])
print("listening", server.server_address[1], platform.python_version(), library, flush=True)
server.serve_forever()
