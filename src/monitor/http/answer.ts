import type { ServerResponse } from 'node:http'
import { shown } from '../../base/shown.ts'

/** What is sent, whole. */
export interface Answer {
  /** Default: 200 */
  readonly status?: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export const jsonType = 'application/json; charset=utf-8'

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: jsonType,
  body: `${JSON.stringify(value)}\n`,
})

/**
 * What a browser lets the page do: run its own files and ask its own run, and nothing else. There is no script and no
 * style within index.html, and no text becomes HTML.
 */
export const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Nothing that is sent may be kept, framed, guessed at or run, but what the page itself brings from here. */
const strict = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': contentPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

export function send(response: ServerResponse, { status = 200, type, body, headers }: Answer): void {
  response.writeHead(status, {
    ...strict,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body) // Node leaves the body out where the request is HEAD
}

/** Begins an answer of events that goes on. */
export function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { ...strict, 'Content-Type': 'text/event-stream', Connection: 'close' })
  response.flushHeaders()
}

/** An event, as text/event-stream has it. Does not throw, since who is told of it is a pipeline. */
export function eventOf(name: string, data: unknown): Buffer {
  try {
    return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  } catch (error) {
    return eventOf('failure', { code: 'FAILED', message: shown(error) })
  }
}
