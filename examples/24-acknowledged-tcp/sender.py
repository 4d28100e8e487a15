"""Sends the lines of a file over acknowledged TCP, each exactly once, with Python's standard library alone.

    python3 sender.py HOST:PORT STREAM FILE STATE

STATE is a file of its own, in which it keeps who it is; the lines are kept by FILE, which may only grow. It may be
killed at any moment and started again. Ends when all lines are acknowledged. Written from docs/acknowledged-tcp.md.
"""

import json
import os
import socket
import struct
import sys
import time
import zlib


class Refused(Exception):
    """It is of no use to try again."""


def save(path, state):
    """Makes the state durable, all of it or nothing."""
    with open(path + ".new", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def message(kind, body):
    return struct.pack(">I", 1 + len(body)) + kind + body


def frames(path):
    """The frames of the stream: the n-th line has the number n, today and after any crash."""
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            yield number, message(b"F", struct.pack(">Q", number) + line.rstrip(b"\r\n"))


class Messages:
    """Cuts the messages of a receiver, as they come."""

    def __init__(self, connection):
        self.connection = connection
        self.bytes = b""

    def next(self, wait=None):
        """The next one as (type, body); None if it is not there within so many seconds."""
        self.connection.settimeout(wait)
        while len(self.bytes) < 4 or len(self.bytes) < 4 + struct.unpack_from(">I", self.bytes)[0]:
            try:
                chunk = self.connection.recv(65536)
            except (BlockingIOError, socket.timeout):
                return None
            if not chunk:
                raise ConnectionError("closed by the receiver")
            self.bytes += chunk
        end = 4 + struct.unpack_from(">I", self.bytes)[0]
        kind, body = self.bytes[4:5], self.bytes[5:end]
        self.bytes = self.bytes[end:]
        if kind == b"E":
            raise Refused(body.replace(b"\0", b": ", 1).decode("utf-8", "replace"))
        return kind, body


class Sender:
    def __init__(self, address, stream, path, state_path):
        self.address, self.stream, self.path, self.state_path = address, stream, path, state_path
        if os.path.exists(state_path):
            with open(state_path) as file:
                self.state = json.load(file)
        else:
            self.state = {"stream": os.urandom(8).hex(), "receiver": None, "acknowledged": 0, "checksum": 0}
            save(state_path, self.state)  # before it greets
        self.unacknowledged = frames(path)
        for _ in range(self.state["acknowledged"]):
            next(self.unacknowledged, None)

    def acknowledge(self, number, checksum):
        """What the receiver has must be what it acknowledged, and what these lines are."""
        state = self.state
        if number < state["acknowledged"]:
            raise Refused(f"RECEIVER_CHANGED: it has up to {number}, and had {state['acknowledged']}")
        own, last = state["checksum"], state["acknowledged"]
        while last < number:
            last, frame = next(self.unacknowledged, (None, None))
            if last is None:
                break
            own = zlib.crc32(frame, own)
        if last is None:
            raise Refused(f"STREAM_AHEAD: the receiver has {number} lines, more than {self.path}")
        if own != checksum:
            raise Refused(f"STREAM_REPLAY_DIFFERS: {self.path} is not what it was up to line {number}")
        self.state = {**state, "acknowledged": number, "checksum": checksum}

    def greet(self, connection, messages):
        name = self.stream.encode()
        connection.sendall(message(b"H", b"WLRX" + struct.pack(">H", 1) + bytes.fromhex(self.state["stream"]) + name))
        kind, body = messages.next(10) or (b"", b"")
        if kind != b"W" or body[:6] != b"WLRX\0\1" or len(body) != 26:
            raise ConnectionError("this is no receiver of acknowledged TCP, version 1")
        receiver, number, checksum = body[6:14].hex(), *struct.unpack(">QI", body[14:])
        if self.state["receiver"] not in (None, receiver):
            raise Refused("RECEIVER_CHANGED: another receiver, or one that has lost its state")
        self.acknowledge(number, checksum)
        self.state["receiver"] = receiver
        save(self.state_path, self.state)  # before it sends a frame
        return number

    def send(self):
        """Sends what the receiver does not have; returns when all is acknowledged."""
        with socket.create_connection(self.address, 10) as connection:
            messages = Messages(connection)
            sent = self.greet(connection, messages)
            for number, frame in frames(self.path):
                if number <= sent:
                    continue
                connection.settimeout(30)
                connection.sendall(frame)
                sent = number
                if number % 100 == 0:
                    self.take(messages, 0)
            while self.state["acknowledged"] < sent:
                if not self.take(messages, 30):
                    raise ConnectionError("silence for 30 seconds")

    def take(self, messages, wait):
        """Takes the acknowledgements that are there."""
        taken = False
        while (got := messages.next(0 if taken else wait)) is not None:
            kind, body = got
            if kind != b"A" or len(body) != 12:
                raise ConnectionError("something that is no acknowledgement")
            self.acknowledge(*struct.unpack(">QI", body))
            taken = True
        if taken:
            save(self.state_path, self.state)
        return taken


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    sender = Sender((host, int(port)), *sys.argv[2:5])
    wait = 0.1
    while True:
        try:
            sender.send()
            print(f"all {sender.state['acknowledged']} lines are acknowledged", file=sys.stderr)
            return 0
        except Refused as refusal:
            print(refusal, file=sys.stderr)
            return 1
        except OSError as error:
            print(f"{error}; trying again", file=sys.stderr)
            time.sleep(wait)
            wait = min(5, 2 * wait)


if __name__ == "__main__":
    sys.exit(main())
