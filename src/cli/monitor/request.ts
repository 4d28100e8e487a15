import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { once } from 'node:events'
import { Failure } from '../failure.ts'
import type { MonitorAddress } from './address.ts'
import type { ServerEvent } from '../../monitor/page/view/eventStream.ts'
import { readEvents } from './eventStream.ts'
import { notReached, refused } from './refusal.ts'

interface AskOptions {
  /** Aborted, it gives up at once and throws the signal's AbortError. */
  readonly signal: AbortSignal
  /** Milliseconds without a byte after which it counts as lost. Default: as long as it likes */
  readonly silence?: number
}

const connecting = 10_000

/** Asks for a path without a slash in front; throws a `Failure` that says why there is no answer. */
async function ask(
  address: MonitorAddress,
  path: string,
  accept: string,
  options: AskOptions,
): Promise<IncomingMessage> {
  const { url, token } = address
  const { signal, silence } = options
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(new URL(path, url), {
    headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    signal,
    agent: false,
    timeout: connecting,
  })
  request.on('timeout', () => request.destroy(new Failure(`${address.shown} does not answer. See whether it is busy`)))
  request.end()
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    request.setTimeout(silence ?? 0)
    request.on('error', () => undefined) // the response tells it too
    if (response.statusCode === 200 && response.headers['content-type']?.startsWith(accept) === true) return response
    throw refused(address, response, await startOf(response))
  } catch (error) {
    request.destroy()
    signal.throwIfAborted()
    throw notReached(address, error)
  }
}

/** The answer to a question, from JSON. */
export async function getJson(address: MonitorAddress, path: string, options: AskOptions): Promise<unknown> {
  const response = await ask(address, path, 'application/json', { silence: connecting, ...options })
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  } catch (error) {
    options.signal.throwIfAborted()
    throw notReached(address, error)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure(`${address.shown} has not answered with JSON. See whether an application of wallarx is there`)
  }
}

/** The events of a path, until the server ends them. Throws a `Failure` when the connection is lost. */
export async function* getEvents(
  address: MonitorAddress,
  path: string,
  options: AskOptions,
): AsyncGenerator<ServerEvent> {
  const response = await ask(address, path, 'text/event-stream', options)
  try {
    yield* readEvents(response.setEncoding('utf8'))
  } catch (error) {
    options.signal.throwIfAborted()
    throw notReached(address, error)
  } finally {
    response.destroy()
  }
}

const longestRefusal = 16 * 1024

async function startOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string
    if (text.length > longestRefusal) break
  }
  return text
}
