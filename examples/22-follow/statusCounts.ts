import { pipe, type OperatorFunction } from 'rxjs'
import { hashOf, statePartition, utf8 } from 'wallarx'
import { decode, encode, toStatePartition } from 'wallarx/operators'

/** One request, as a line of an access log has it. */
interface Request {
  readonly method: string
  readonly path: string
  readonly status: string
}

/** `127.0.0.1 - - [01/Dec/2026:09:00:00 +0000] "GET /index.html HTTP/1.1" 200 512`, and whatever stands behind that. */
function readRequest(bytes: Buffer): Request {
  const [, method, path, status] = /"([A-Z]+) (\S+)[^"]*" (\d{3})(?: |$)/.exec(utf8.decode(bytes)) ?? []
  if (method === undefined || path === undefined || status === undefined) {
    throw new Error('a line of an access log has "METHOD PATH PROTOCOL" STATUS')
  }
  return { method, path, status }
}

const statuses = statePartition('statuses', {
  key: hashOf(({ status }: Request) => status),
  build: () => ({ count: 0 }),
})

/** Lines of an access log in; how often each status has come so far out, a line `STATUS => COUNT` for each request. */
export const statusCounts = (): OperatorFunction<Buffer, Uint8Array | string> =>
  pipe(
    decode(readRequest),
    toStatePartition(({ status }: Request, state) => [`${status} => ${++state.count}\n`, true], statuses),
    encode((line) => line),
  )
