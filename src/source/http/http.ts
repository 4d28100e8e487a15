import type { Observable } from 'rxjs'
import { within } from '../../context/context.ts'
import { createSource } from '../source.ts'
import { createExchanges, type Exchanges, type Reject } from './exchanges.ts'
import { checkHttpSource, type HttpSourceOptions } from './options.ts'
import { openSourcePort } from './port.ts'

/**
 * Listens for HTTP and emits what is posted to one path: each body as a frame, or cut by a framing. Runs until it is
 * unsubscribed from or its `run` stops.
 *
 * A request is taken whole or not at all: its body is kept until all of it has come and can be cut, and only then
 * handed over. The answer is JSON, `{ "frames": 2 }` with 202, else `{ "code": …, "message": … }`:
 *
 * - 202 means, directly within `journaled(…)`, that the frames are in the journal, and with `sync: 'machine'` that they
 *   survive a crash of the machine. Without a journal it means that the pipeline has taken them: a crash of this
 *   process loses what is not in a sink, or a checkpoint, by then.
 * - No answer means that nobody knows: who sends again may send twice.
 * - 503, with `Retry-After`, means that nothing was taken: the pipeline is held for longer than `holdTimeout`, too much
 *   is arriving, or the source is stopping.
 * - 400, 413: the body cannot be cut, or is too long; 408: it took too long to arrive. 401, 403, 404, 405, 415: it is
 *   not for here, or may not come in.
 *
 * While the pipeline is held, requests wait and are then refused; at most `maxBuffered` bytes of bodies are kept.
 *
 * A body that is too long, cannot be cut, is cut off or comes too late is a dead letter under `run` and a process
 * warning elsewhere, besides the answer. Fails with `LISTEN_FAILED`; throws `ADDRESS_INVALID` and `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { httpSource } from 'wallarx'
 *
 * const posted = new Promise<string>((resolve) => {
 *   const source = httpSource({
 *     listen: '127.0.0.1:0',
 *     path: '/readings',
 *     onListening: ({ port }) =>
 *       void fetch(`http://127.0.0.1:${port}/readings`, { method: 'POST', body: '21.5' }).then((answer) => {
 *         assert.equal(answer.status, 202)
 *         subscription.unsubscribe()
 *       }),
 *   })
 *   const subscription = source.subscribe((body) => resolve(String(body)))
 * })
 * assert.equal(await posted, '21.5')
 * assert.throws(() => httpSource({ listen: '0.0.0.0:7010' }), { code: 'OPTION_INVALID' }) // needs a token
 * ```
 */
export function httpSource(options: HttpSourceOptions): Observable<Buffer> {
  const settings = checkHttpSource(options)
  const { name } = settings
  return createSource<Buffer>({ name, kind: 'http', ephemeral: true }, (subscription) => {
    const { output, context } = subscription
    const { stopping } = context.shutdown
    const reject: Reject = (error, input) => {
      if (!within(context, () => context.report.reject(error, input))) process.emitWarning(error)
    }
    const server = openSourcePort({ ...settings, reject }, subscription)
    const exchanges: Exchanges = createExchanges(settings, subscription, server, reject)
    server.http.on('request', (request, response) => {
      exchanges.begin(request, response, false)
    })
    server.http.on('checkContinue', (request, response) => {
      exchanges.begin(request, response, true)
    })

    const stop = (): void => {
      server.close(() => {
        within(context, () => {
          output.complete()
        })
      })
      exchanges.stop()
    }
    stopping.addEventListener('abort', stop)
    return () => {
      stopping.removeEventListener('abort', stop)
      exchanges.end()
      server.destroy()
    }
  })
}
