/** Why a request is not answered as it was meant. */
export type FailureCode =
  | 'REQUEST_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'TOKEN_INVALID'
  | 'HOST_REFUSED'
  | 'ORIGIN_REFUSED'
  | 'ROUTE_UNKNOWN'
  | 'METHOD_REFUSED'
  | 'PARTITION_UNKNOWN'
  | 'KEY_INVALID'
  | 'ENTITY_UNKNOWN'
  | 'OWNER_UNREACHABLE'
  | 'WORKER_DIFFERS'
  | 'WORKER_UNKNOWN'
  | 'WORKER_UNREACHABLE'
  | 'CLOSING'
  | 'BUSY'
  | 'FAILED'

const statuses: Readonly<Record<FailureCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  TOKEN_INVALID: 401,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  ROUTE_UNKNOWN: 404,
  METHOD_REFUSED: 405,
  PARTITION_UNKNOWN: 404,
  KEY_INVALID: 400,
  ENTITY_UNKNOWN: 404,
  OWNER_UNREACHABLE: 502,
  WORKER_DIFFERS: 421,
  WORKER_UNKNOWN: 404,
  WORKER_UNREACHABLE: 502,
  CLOSING: 503,
  BUSY: 503,
  FAILED: 500,
}

/** An answer that says what is wrong with a request, or with the moment. */
export class RequestFailure extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string) {
    super(message)
    this.code = code
  }

  get status(): number {
    return statuses[this.code]
  }
}

/** A whole answer, for where nothing but the socket is there. */
export function rawFailure(code: FailureCode, message: string): string {
  const body = `${JSON.stringify({ code, message })}\n`
  const head = `HTTP/1.1 ${statuses[code]} ${code}\r\nContent-Type: application/json\r\nConnection: close`
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
