/**
 * WHATWG streams in and out: the body of a `fetch` response into a pipeline, and a pipeline as the body of a request.
 *
 * Back pressure: all the way. `fromWebStream` reads only while nothing holds the pipeline, and then TCP makes the
 * server wait; `toWebStream` holds the pipeline while nobody reads, and unsubscribing or cancelling on one end ends the
 * other.
 * Durability: a response cannot be read again from a position; see `journaled`.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { lastValueFrom, take, toArray, type Observable } from 'rxjs'
import { delimited, fromWebStream, statePartition, toWebStream } from 'wallarx'
import { decode, encode, frame, toStatePartition } from 'wallarx/operators'

interface Reading {
  readonly sensor: number
  readonly celsius: number
}

/** A server: /readings is a JSON line for each reading, /endless never ends, /averages takes what is posted. */
let posted = ''
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/readings'(_request, response) {
    for (let n = 0; n < 10_000; n++) response.write(`{"sensor":${n % 10},"celsius":${n % 7}}\n`)
    response.end()
  },
  '/endless'(_request, response) {
    const more = (): void => {
      while (response.write('{"sensor":1,"celsius":20}\n'));
      response.once('drain', more)
    }
    response.once('close', () => server.emit('endless closed'))
    more()
  },
  '/averages'(request, response) {
    void text(request).then((body) => {
      posted = body
      response.end()
    })
  },
}
const server = createServer((request, response) => routes[request.url!]!(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const json = (bytes: Buffer): Reading => JSON.parse(bytes.toString()) as Reading

/** The running average of each sensor, a line for each reading. */
async function averagesOf(path: string): Promise<Observable<string>> {
  const response = await fetch(url + path)
  const sensors = statePartition('sensors', {
    key: ({ sensor }: Reading) => sensor,
    build: () => ({ sum: 0, count: 0 }),
  })
  return fromWebStream(response.body!).pipe(
    frame(delimited()),
    decode(json),
    toStatePartition(({ sensor, celsius }, state) => {
      state.sum += celsius
      return [`${sensor} ${state.sum / ++state.count}`, true]
    }, sensors),
  )
}

// In: the body of a response. The same in a plain loop is what must come out.
const averages = await lastValueFrom((await averagesOf('/readings')).pipe(toArray()))
const expected: string[] = []
const sums = Array.from({ length: 10 }, () => ({ sum: 0, count: 0 }))
for (let n = 0; n < 10_000; n++) {
  const state = sums[n % 10]!
  state.sum += n % 7
  expected.push(`${n % 10} ${state.sum / ++state.count}`)
}
assert.deepEqual(averages, expected)
console.log(`${averages.length} averages; the last one: ${averages.at(-1)!}`)

// Out: the body of a request.
const body = toWebStream((await averagesOf('/readings')).pipe(encode((line) => `${line}\n`)))
await fetch(`${url}/averages`, { method: 'POST', body, duplex: 'half' })
assert.equal(posted, expected.map((line) => `${line}\n`).join(''))
console.log(`${posted.length} bytes posted`)

// Unsubscribing cancels the response, and the server sees that.
const closed = once(server, 'endless closed')
const three = await lastValueFrom((await averagesOf('/endless')).pipe(take(3), toArray()))
await closed
assert.deepEqual(three, ['1 20', '1 20', '1 20'])
console.log('three of an endless response, which the server then saw closed')

server.closeAllConnections()
server.close()
