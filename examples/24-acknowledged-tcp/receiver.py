"""Receives over acknowledged TCP and writes each frame as a line of a file, exactly once, with Python's standard
library alone.

    python3 receiver.py HOST:PORT FILE STATE

STATE is a file of its own: it keeps how far each stream has come, and how long FILE was then. It may be killed at any
moment and started again. Written from docs/acknowledged-tcp.md.
"""

import json
import os
import selectors
import socket
import struct
import sys
import time
import zlib

INTERVAL = 0.2  # seconds between two commits
PATIENCE = 10  # seconds that a greeting may take
LONGEST = 1024 * 1024


def save(path, state):
    """Makes the state durable, all of it or nothing."""
    with open(path + ".new", "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def message(kind, body):
    return struct.pack(">I", 1 + len(body)) + kind + body


class Refusal(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.message = message(b"E", code.encode() + b"\0" + text.encode())


class Receiver:
    def __init__(self, path, state_path):
        self.state_path = state_path
        if os.path.exists(state_path):
            with open(state_path) as file:
                self.durable = json.load(file)
        else:
            self.durable = {"receiver": os.urandom(8).hex(), "length": 0, "streams": {}}
            save(state_path, self.durable)  # before anybody is greeted
        self.file = open(path, "ab")
        self.file.truncate(self.durable["length"])  # what is behind it comes again
        self.taken = {name: dict(stream) for name, stream in self.durable["streams"].items()}
        self.connections = {}  # by name of the stream

    def commit(self):
        """What was taken and what was done with it become durable together, and are acknowledged."""
        if self.taken != self.durable["streams"]:
            self.file.flush()
            os.fsync(self.file.fileno())
            streams = {name: dict(stream) for name, stream in self.taken.items()}
            self.durable = {**self.durable, "length": self.file.tell(), "streams": streams}
            save(self.state_path, self.durable)
        for connection in list(self.connections.values()):
            connection.acknowledge()


class Connection:
    def __init__(self, receiver, connection):
        self.receiver, self.connection, self.bytes = receiver, connection, bytearray()
        self.since = time.monotonic()
        self.name = None  # of its stream, once it has greeted
        self.number = self.checksum = 0  # of the last frame that has come over this connection

    def mark(self):
        durable = self.receiver.durable["streams"].get(self.name, {"number": 0, "checksum": 0})
        return durable["number"], durable["checksum"]

    def acknowledge(self):
        try:
            self.connection.sendall(message(b"A", struct.pack(">QI", *self.mark())))
        except OSError:
            pass  # it will be seen when it is read

    def read(self):
        """Whether the connection goes on."""
        chunk = self.connection.recv(65536)
        self.bytes += chunk
        at = 0
        while len(self.bytes) - at >= 4:
            (length,) = struct.unpack_from(">I", self.bytes, at)
            if not 1 <= length <= LONGEST + 9:
                raise Refusal("PEER_NOT_UNDERSTOOD", "expected a message of acknowledged TCP")
            if len(self.bytes) - at < 4 + length:
                break
            self.take(bytes(self.bytes[at : at + 4 + length]))
            at += 4 + length
        del self.bytes[:at]
        return bool(chunk)

    def take(self, whole):
        kind, body = whole[4:5], whole[5:]
        if kind == b"H" and self.name is None:
            self.greet(body)
        elif kind == b"F" and self.name is not None:
            self.take_frame(whole, body)
        elif kind == b"E":
            print(body.replace(b"\0", b": ", 1).decode("utf-8", "replace"), file=sys.stderr)
        else:
            raise Refusal("PEER_NOT_UNDERSTOOD", "expected another message now")

    def greet(self, body):
        if body[:6] != b"WLRX\0\1" or not 15 <= len(body) <= 14 + 255:
            raise Refusal("PEER_NOT_UNDERSTOOD", "expected a greeting of acknowledged TCP, version 1")
        receiver, stream, name = self.receiver, body[6:14].hex(), body[14:].decode()
        known = receiver.taken.get(name)
        if known is not None and known["id"] != stream and known["number"] > 0:
            raise Refusal("STREAM_CHANGED", f"stream {name} is another one")
        if known is None or known["id"] != stream:
            receiver.taken[name] = {"id": stream, "number": 0, "checksum": 0}
        self.name = name
        earlier = receiver.connections.get(name)
        receiver.connections[name] = self
        if earlier is not None:
            earlier.end(Refusal("STREAM_TAKEN_OVER", f"another sender has connected for stream {name}"))
        self.number, self.checksum = self.mark()
        identity = bytes.fromhex(receiver.durable["receiver"])
        mark = struct.pack(">QI", self.number, self.checksum)
        self.connection.sendall(message(b"W", b"WLRX" + struct.pack(">H", 1) + identity + mark))

    def take_frame(self, whole, body):
        stream = self.receiver.taken[self.name]
        number = struct.unpack_from(">Q", body)[0] if len(body) >= 8 else None
        if number != self.number + 1:
            raise Refusal("STREAM_GAP", f"expected frame {self.number + 1}, got {number}")
        self.number, self.checksum = number, zlib.crc32(whole, self.checksum)
        if number > stream["number"]:
            self.receiver.file.write(body[8:] + b"\n")
            stream["number"], stream["checksum"] = self.number, self.checksum
        elif number == stream["number"] and self.checksum != stream["checksum"]:
            raise Refusal("STREAM_REPLAY_DIFFERS", f"frames up to {number} are not those that came before")

    def end(self, refusal=None):
        if refusal is not None:
            print(refusal, file=sys.stderr)
            try:
                self.connection.sendall(refusal.message)
            except OSError:
                pass
        if self.receiver.connections.get(self.name) is self:
            del self.receiver.connections[self.name]
        selector.unregister(self.connection)
        self.connection.close()


selector = selectors.DefaultSelector()


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    receiver = Receiver(sys.argv[2], sys.argv[3])
    server = socket.create_server((host, int(port)))
    selector.register(server, selectors.EVENT_READ)
    print(f"listening on {host}:{server.getsockname()[1]}", file=sys.stderr, flush=True)
    due = time.monotonic() + INTERVAL
    while True:
        for key, _ in selector.select(max(0, due - time.monotonic())):
            if key.fileobj is server:
                connection, _ = server.accept()
                connection.settimeout(10)
                selector.register(connection, selectors.EVENT_READ, Connection(receiver, connection))
            elif selector.get_map().get(key.fd) is key:  # not ended by another one of this round
                try:
                    if not key.data.read():
                        key.data.end()
                except Refusal as refusal:
                    key.data.end(refusal)
                except OSError:
                    key.data.end()
        if time.monotonic() >= due:
            receiver.commit()
            for key in list(selector.get_map().values()):
                if key.data is not None and key.data.name is None and time.monotonic() - key.data.since > PATIENCE:
                    key.data.end()
            due = time.monotonic() + INTERVAL


if __name__ == "__main__":
    main()
