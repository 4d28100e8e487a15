import type { ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'

/** Why a request is not taken; those of a frame are the codes of its error. */
export type RefusalCode =
  | 'REQUEST_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'PATH_UNKNOWN'
  | 'METHOD_REFUSED'
  | 'UPGRADE_MISSING'
  | 'ORIGIN_REFUSED'
  | 'TOKEN_INVALID'
  | 'TYPE_REFUSED'
  | 'ENCODING_REFUSED'
  | 'FRAME_TOO_LONG'
  | 'FRAME_CUT_OFF'
  | 'FRAME_HEADER_INVALID'
  | 'HELD'
  | 'BUSY'
  | 'CLOSING'

const statuses: Readonly<Record<RefusalCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  PATH_UNKNOWN: 404,
  METHOD_REFUSED: 405,
  UPGRADE_MISSING: 426,
  ORIGIN_REFUSED: 403,
  TOKEN_INVALID: 401,
  TYPE_REFUSED: 415,
  ENCODING_REFUSED: 415,
  FRAME_TOO_LONG: 413,
  FRAME_CUT_OFF: 400,
  FRAME_HEADER_INVALID: 400,
  HELD: 503,
  BUSY: 503,
  CLOSING: 503,
}

/** What somebody is answered whose request is not taken. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Of what is refused for now. */
export const held: Refusal = { code: 'HELD', message: 'what takes the input is behind; send it again later' }
export const busy: Refusal = { code: 'BUSY', message: 'too much is arriving at once; send it again later' }
export const closing: Refusal = { code: 'CLOSING', message: 'the source is stopping; come again later' }

type Headers = Readonly<Record<string, string | number>>

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, { ...headersOf(text), ...headers })
  response.end(text)
}

export function answerRefusal(response: ServerResponse, refusal: Refusal, headers: Headers = {}): void {
  const { code, message } = refusal
  answer(response, statuses[code], { code, message }, { ...saying(refusal), ...headers })
}

/** A whole answer, for where nothing but the socket is there; the connection ends with it. */
export function rawRefusal(refusal: Refusal): string {
  const { code, message } = refusal
  const text = `${JSON.stringify({ code, message })}\n`
  const head = Object.entries({ ...headersOf(text), ...saying(refusal), Connection: 'close' })
  const status = statuses[code]
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]!}`, ...head.map(([name, value]) => `${name}: ${value}`)]
  return `${lines.join('\r\n')}\r\n\r\n${text}`
}

const headersOf = (text: string): Headers => ({
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': Buffer.byteLength(text),
  'Cache-Control': 'no-store',
})

/** Who is refused for now may come again in a second. */
const saying = ({ code, headers }: Refusal): Headers => ({
  ...(statuses[code] === 503 && { 'Retry-After': 1 }),
  ...(code === 'TOKEN_INVALID' && { 'WWW-Authenticate': 'Bearer realm="wallarx"' }),
  ...headers,
})
