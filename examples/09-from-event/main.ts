/**
 * `fromEvent(socket, 'data')` through `frame` and `decode`: it works, and what is lost on the way.
 *
 * Back pressure: none. A socket that has a `data` listener reads on while the pipeline is held, so a slow step keeps
 * ALL that the peer sends in memory. `fromObservable` bounds that by an error or a loss; `fromNodeStream(socket)`,
 * which reads only while nothing holds, by making the peer wait. (A server takes `tcpSource`, which does the same for
 * every connection.) Ends: `fromEvent` knows only the events it is given. It does not complete when the socket ends and
 * does not fail when the socket does: see `takeUntil` and `merge` below.
 * Durability: neither replays. `journaled` in front of the pipeline does.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { fromEvent, lastValueFrom, map, merge, mergeMap, reduce, takeUntil, throwError, type Observable } from 'rxjs'
import { fromNodeStream, fromObservable, lengthPrefixed, WallarxError } from 'wallarx'
import { decode, frame, to } from 'wallarx/operators'

const frames = 4096
const frameLength = 4 + 1024
const total = frames * frameLength

/** A server that sends 4 MiB of frames to who connects, as fast as they are taken. */
const server = createServer((socket) => {
  const frame = Buffer.alloc(frameLength)
  frame.writeUInt32BE(frameLength - 4)
  socket.on('error', () => undefined)
  for (let n = 0; n < frames; n++) socket.write(frame)
  socket.end()
}).listen(0, '127.0.0.1')
await once(server, 'listening')

async function open(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** The data of a socket with its end and its failure, which 'data' alone does not tell. */
function dataOf(socket: Socket): Observable<Buffer> {
  const failed = fromEvent(socket, 'error').pipe(mergeMap((error) => throwError(() => error)))
  return merge(fromEvent(socket, 'data').pipe(map((data) => data as Buffer)), failed).pipe(
    takeUntil(fromEvent(socket, 'end')),
  )
}

/**
 * Frames through a step that takes one at a time. Returns how many came and the most bytes that waited before the step.
 */
async function take(socket: Socket, bytes: Observable<Buffer>, step: () => Promise<unknown>) {
  let behind = 0
  let taken = 0
  const lengths = bytes.pipe(
    frame(lengthPrefixed(4)),
    decode((payload) => payload.length),
    to(
      async (length) => {
        await step()
        behind = Math.max(behind, socket.bytesRead - ++taken * frameLength)
        return length
      },
      { concurrency: 1 },
    ),
  )
  const count = await lastValueFrom(lengths.pipe(reduce((sum) => sum + 1, 0)))
  return { count, behind }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
const shown = (bytes: number) => `${Math.round(bytes / 1024)} KiB of ${Math.round(total / 1024)} waited`

// The first frame is not done before the peer has sent everything: nothing held the peer.
const first = await open()
const ended = once(first, 'end')
const byEvents = await take(first, dataOf(first), () => ended)
console.log('fromEvent:     ', byEvents.count, 'frames;', shown(byEvents.behind))
assert.equal(byEvents.count, frames)
assert.equal(byEvents.behind, total - frameLength)

// The same behind a bounded buffer: it says that the pipeline is too slow, in place of growing.
const second = await open()
const buffered = fromObservable(dataOf(second), { maxBuffered: 8 })
const failure: unknown = await take(second, buffered, () => once(second, 'end')).catch((error: unknown) => error)
second.destroy()
assert(failure instanceof WallarxError && failure.code === 'BUFFER_OVERFLOW')
console.log('fromObservable:', failure.code)

// As a stream, the socket is read only while nothing holds: what waits is a chunk and the stream's own buffer.
const third = await open()
const byStream = await take(third, fromNodeStream(third), turn)
console.log('fromNodeStream:', byStream.count, 'frames;', shown(byStream.behind))
assert.equal(byStream.count, frames)
assert(byStream.behind < 512 * 1024)

server.close()
