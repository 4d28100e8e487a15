import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { json, send, sendEvents, type Answer } from './answer.ts'
import { refused } from './connections.ts'
import { RequestFailure } from './failure.ts'
import type { Guard } from './guard.ts'
import { askedByWorker } from '../workers/others.ts'
import { targetOf } from './query.ts'
import { unknown, type Answered, type Asked, type Route } from './routes/route.ts'

/** The files of the page, by the path of their address: `/`, `/page/style.css`. `undefined`: there is none. */
export type PageFiles = (path: string) => Answer | undefined

export interface HandlerParts {
  readonly guard: Guard
  readonly routes: ReadonlyMap<string, Route>
  readonly page: PageFiles
  readonly isClosing: () => boolean
  /** The name of this one; `undefined` where it is none. */
  readonly worker: () => string | undefined
}

/** What says nothing of the run: a browser has to get the page before it knows the token, Kubernetes never does. */
const open = new Set(['', 'page', 'healthz', 'readyz'])

/** Answers every request, whatever it is; what fails inside is an answer too. */
export function createHandler({ guard, routes, page, isClosing, worker }: HandlerParts): RequestListener {
  const pageAnswer = (path: string): Answer => {
    const file = page(path)
    if (file !== undefined) return file
    throw new RequestFailure('ROUTE_UNKNOWN', 'the page has no such file')
  }

  const checkWorker = (asked: string | string[] | undefined): void => {
    if (asked === undefined || asked === encodeURIComponent(worker() ?? '')) return
    throw new RequestFailure('WORKER_DIFFERS', `this is the worker ${worker() ?? 'of no cluster'}`)
  }

  const answerTo = (request: IncomingMessage): Answered => {
    guard.checkPage(request.headers)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new RequestFailure('METHOD_REFUSED', 'everything here is read-only: GET and HEAD')
    }
    const asked: Asked = {
      ...targetOf(request.url ?? ''),
      accept: request.headers.accept ?? '',
      isWorker: askedByWorker in request.headers,
    }
    const [first = '', ...rest] = asked.path
    if (!open.has(first)) guard.checkToken(request.headers)
    checkWorker(request.headers[askedByWorker])
    if (first === 'page' || (first === '' && rest.length === 0)) return pageAnswer(`/${asked.path.join('/')}`)
    const route = routes.get(first)
    if (route === undefined) throw unknown()
    if (isClosing() && !open.has(first)) throw new RequestFailure('CLOSING', 'the run has ended')
    return route(asked)
  }

  return (request, response) => {
    if (refused.has(request.socket)) return
    // What somebody sends with a question is not read.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
      response.setHeader('Connection', 'close')
    }
    if (isClosing()) response.setHeader('Connection', 'close')
    response.on('error', () => undefined) // who asked has gone
    void answer(request, response)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answered = answerTo(request)
      if (typeof answered !== 'function') send(response, answered instanceof Promise ? await answered : answered)
      else if (request.method === 'HEAD') {
        sendEvents(response)
        response.end()
      } else await answered(response)
    } catch (error) {
      sendFailure(response, error)
    }
  }
}

function sendFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const failure = error instanceof RequestFailure ? error : new RequestFailure('FAILED', shownFailure(error))
  const { code, message, status } = failure
  send(response, {
    ...json({ code, message }, status),
    headers: {
      ...(code === 'METHOD_REFUSED' && { Allow: 'GET, HEAD' }),
      ...(code === 'TOKEN_INVALID' && { 'WWW-Authenticate': 'Bearer realm="wallarx"' }),
      ...(status === 503 && { 'Retry-After': '1', Connection: 'close' }), // makes room
    },
  })
}

const shownFailure = (error: unknown): string =>
  error instanceof WallarxError ? `${error.code}: ${error.message}` : shown(error)
