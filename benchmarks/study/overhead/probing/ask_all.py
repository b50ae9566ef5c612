"""HOSTS PORT CONCURRENCY: what a script would do: a thread for each host at a time, close_notify, and the answer's."""
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor

hosts, port, concurrency = open(sys.argv[1]).read().split(), int(sys.argv[2]), int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = ssl.TLSVersion.TLSv1_3


def ask(host):
    try:
        with socket.create_connection((host, port), timeout=5) as plain, context.wrap_socket(plain) as secure:
            time.sleep(0.05)
            secure.unwrap()
            return 'close_notify'
    except OSError as error:
        return type(error).__name__


with ThreadPoolExecutor(concurrency) as pool:
    answers = list(pool.map(ask, hosts))
print(answers.count('close_notify'), len(answers))
