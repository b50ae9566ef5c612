"""Usage: python3 python_http_client.py URL CERTIFICATE

Prints what it gets, as the documentation of http.client has it; the connection is one that could be used again.
"""

import ssl
import sys
from http.client import HTTPSConnection
from urllib.parse import urlsplit

connection = HTTPSConnection(urlsplit(sys.argv[1]).netloc, context=ssl.create_default_context(cafile=sys.argv[2]))
connection.request("GET", "/")
sys.stdout.buffer.write(connection.getresponse().read())
connection.close()
