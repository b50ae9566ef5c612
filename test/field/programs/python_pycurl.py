"""Usage: python3 python_pycurl.py URL CERTIFICATE

Prints what it gets, by the libcurl that Debian builds with GnuTLS. With --version instead it prints that one's version.
"""

import sys

import pycurl

if sys.argv[1] == "--version":
    print(pycurl.version)
    sys.exit()
transfer = pycurl.Curl()
transfer.setopt(pycurl.URL, sys.argv[1])
transfer.setopt(pycurl.CAINFO, sys.argv[2])
transfer.setopt(pycurl.NOPROXY, "*")
transfer.setopt(pycurl.WRITEFUNCTION, sys.stdout.buffer.write)
try:
    transfer.perform()
except pycurl.error as error:
    sys.exit(f"curl: ({error.args[0]}) {error.args[1]}")
finally:
    transfer.close()
