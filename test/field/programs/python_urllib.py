"""Usage: python3 python_urllib.py URL CERTIFICATE

Prints what it gets, as the documentation of urllib.request has it.
"""

import ssl
import sys
from urllib.request import urlopen

with urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])) as response:
    sys.stdout.buffer.write(response.read())
