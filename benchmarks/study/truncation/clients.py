"""Python's clients, as an ordinary program uses them, and libcurl over GnuTLS: one process, asked as child.ts has it.

Arguments: the client, and the file of the certificate to trust. `get PORT FRAMING BUDGET` answers
`accepted <bytes of the body>`, `failed <error>`, or `hang` when nothing has ended within BUDGET ms.
"""

import ctypes
import http.client
import ssl
import sys
import urllib.error
import urllib.request

client, ca_file = sys.argv[1:3]
context = ssl.create_default_context(cafile=ca_file)


def over_http_client(port, path, timeout):
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=timeout)
    try:
        connection.request("GET", "/" + path)
        response = connection.getresponse()
        return response.status, len(response.read())
    finally:
        connection.close()


def over_urllib(port, path, timeout):
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/{path}", context=context, timeout=timeout) as response:
        return response.status, len(response.read())


class CurlError(Exception):
    pass


def make_libcurl():
    curl = ctypes.CDLL("libcurl-gnutls.so.4")
    curl.curl_version.restype = ctypes.c_char_p
    curl.curl_easy_init.restype = ctypes.c_void_p
    curl.curl_easy_strerror.restype = ctypes.c_char_p
    writer = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
    # The numbers of curl/curl.h, which are never changed.
    url_option, ca_option, ca_path_option, write_option = 10002, 10065, 10097, 20011
    timeout_option, signal_option = 155, 99
    code_info = 0x200002
    timed_out = 28

    def setopt(handle, option, value):
        if curl.curl_easy_setopt(ctypes.c_void_p(handle), ctypes.c_int(option), value) != 0:
            raise CurlError("setopt")

    def get(port, path, timeout):
        received = 0

        def write(_bytes, size, count, _user):
            nonlocal received
            received += size * count
            return size * count

        callback = writer(write)
        handle = curl.curl_easy_init()
        try:
            setopt(handle, url_option, ctypes.c_char_p(f"https://127.0.0.1:{port}/{path}".encode()))
            setopt(handle, ca_option, ctypes.c_char_p(ca_file.encode()))
            # Not the system's certificates as well: reading them takes longer than the request.
            setopt(handle, ca_path_option, ctypes.c_char_p(None))
            setopt(handle, write_option, callback)
            setopt(handle, timeout_option, ctypes.c_long(int(timeout * 1000)))
            setopt(handle, signal_option, ctypes.c_long(1))
            result = curl.curl_easy_perform(ctypes.c_void_p(handle))
            if result == timed_out:
                raise TimeoutError
            if result != 0:
                raise CurlError(f"curl-{result}")
            status = ctypes.c_long(0)
            curl.curl_easy_getinfo(ctypes.c_void_p(handle), ctypes.c_int(code_info), ctypes.byref(status))
            return status.value, received
        finally:
            curl.curl_easy_cleanup(ctypes.c_void_p(handle))

    return get, curl.curl_version().decode()


python = "Python " + sys.version.split()[0] + " " + ssl.OPENSSL_VERSION
if client == "libcurl-gnutls":
    get, version = make_libcurl()
else:
    get, version = {"http.client": over_http_client, "urllib": over_urllib}[client], python


def answer(port, path, budget):
    try:
        status, received = get(int(port), path, int(budget) / 1000)
        return f"accepted {received}" if status == 200 else f"failed status-{status}"
    except TimeoutError:
        return "hang"
    except urllib.error.URLError as error:
        return "hang" if isinstance(error.reason, TimeoutError) else f"failed {type(error.reason).__name__}"
    except (OSError, http.client.HTTPException, CurlError) as error:
        return f"failed {type(error).__name__}"


print("ready", version, flush=True)
for line in sys.stdin:
    number, command, *words = line.split()
    print(number, "ok", answer(*words) if command == "get" else "", flush=True)
