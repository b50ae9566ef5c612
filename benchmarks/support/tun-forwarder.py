"""The path between two network namespaces: holds each packet for a delay, and keeps the order of each direction.

    tun-forwarder.py DEVICE NAMESPACE NAMESPACE

makes a TUN device of that name in each namespace and passes IPv4 packets from one to the other. It is asked over its
standard input and answers over its standard output, as child.ts describes:

    delay MS    the one-way delay of packets from now on
    delays      of each direction, the first namespace to the second first: how many packets passed since it was last
                asked or told a delay, and the least, the median and the greatest time in ms for which they were held
"""

import collections
import ctypes
import fcntl
import gc
import math
import os
import select
import signal
import statistics
import struct
import sys
import time
from contextlib import suppress

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
# Sleep ends so much before a packet is due, and the rest is polled: a sleep is late by 50 us and more.
POLLED = 0.00015

libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    # Python has os.setns() from 3.12 on.
    descriptor = os.open(f'/run/netns/{namespace}', os.O_RDONLY)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f'setns: {os.strerror(error)}', namespace)
    os.close(descriptor)


def open_tun(device, namespace):
    enter(namespace)
    # The kernel remembers of each destination how its connections went. Here each is to be as if it were the first.
    with suppress(OSError), open('/proc/sys/net/ipv4/tcp_no_metrics_save', 'w') as setting:
        setting.write('1')
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH', device.encode(), IFF_TUN | IFF_NO_PI))
    return tun


class Direction:
    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.delay = 0.0
        self.delay_since = 0.0
        # (when it came, when it is due, packet), in the order of both times.
        self.waiting = collections.deque()
        self.held = []

    def set_delay(self, delay):
        self.delay = delay
        self.delay_since = time.monotonic()
        self.held = []

    def take(self):
        """Takes in what has come, but never so much that the other direction waits long."""
        with suppress(BlockingIOError):
            for _ in range(64):
                packet = os.read(self.source, 65536)
                # The kernel itself sends a little IPv6 on each device, which is none of what is measured.
                if packet[0] >> 4 != 4:
                    continue
                came = time.monotonic()
                # A delay that became shorter must not let a packet overtake.
                last = self.waiting[-1][1] if self.waiting else 0
                self.waiting.append((came, max(came + self.delay, last), packet))
                self.release()

    def release(self):
        """Passes on what is due."""
        while self.waiting and self.waiting[0][1] <= time.monotonic():
            came, _, packet = self.waiting.popleft()
            # What is still under way at a change is not what this delay does.
            if came >= self.delay_since:
                self.held.append(time.monotonic() - came)
            os.write(self.target, packet)

    def due(self):
        return self.waiting[0][1] if self.waiting else math.inf

    def summary(self):
        held, self.held = self.held, []
        figures = (min(held), statistics.median(held), max(held)) if held else (math.nan,) * 3
        return ' '.join([str(len(held)), *(f'{1000 * figure:.4f}' for figure in figures)])


class Forwarder:
    def __init__(self, first, second):
        self.directions = [Direction(first, second), Direction(second, first)]
        self.input = b''

    def run(self):
        """Returns when the input has ended."""
        descriptors = [sys.stdin.fileno(), *(direction.source for direction in self.directions)]
        while True:
            due = min(direction.due() for direction in self.directions)
            timeout = None if due == math.inf else max(0.0, due - time.monotonic() - POLLED)
            ready, _, _ = select.select(descriptors, [], [], timeout)
            for direction in self.directions:
                if direction.source in ready:
                    direction.take()
                direction.release()
            if descriptors[0] in ready and not self.read_requests():
                return

    def read_requests(self):
        got = os.read(sys.stdin.fileno(), 65536)
        *lines, self.input = (self.input + got).split(b'\n')
        for line in lines:
            number, command, *words = line.decode().split()
            try:
                text = f'ok {self.answer(command, words)}'
            except (ValueError, IndexError) as error:
                text = f'error {error}'
            print(number, text, flush=True)
        return got != b''

    def answer(self, command, words):
        if command == 'delay':
            delay = float(words[0]) / 1000
            if not 0 <= delay < math.inf:
                raise ValueError(f'expected a delay in ms, not {words[0]}')
            for direction in self.directions:
                direction.set_delay(delay)
        if command == 'delays':
            return ' '.join(direction.summary() for direction in self.directions)
        return ''


def main():
    device, first, second = sys.argv[1:]
    # Ctrl-C reaches the whole process group; the parent decides when a child goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The path has to be the same while the cores are busy with what is measured. Where it is not allowed, packets may
    # be late by a time slice, which the recorded delays show.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    # No pause to look for cycles: there are none.
    gc.disable()
    forwarder = Forwarder(open_tun(device, first), open_tun(device, second))
    print('ready', flush=True)
    forwarder.run()


main()
