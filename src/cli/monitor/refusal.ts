import type { IncomingMessage } from 'node:http'
import { shown } from '../../base/shown.ts'
import { Failure } from '../failure.ts'
import type { MonitorAddress } from './address.ts'
import { printable } from './printable.ts'

/** What is there says no, and will say it again. */
export class Refusal extends Failure {}

/** What to say of an answer that is none. */
export function refused({ shown: url, token }: MonitorAddress, { statusCode }: IncomingMessage, body: string): Failure {
  const told = messageIn(body)
  if (statusCode === 401) {
    return new Refusal(
      token === undefined
        ? `${url} wants a token. Give it with --token, or in WALLARX_TOKEN`
        : `${url} does not take this token. Give the one of run({ monitor: { token } })`,
    )
  }
  if (told !== undefined) {
    const why = `${url} answers ${statusCode!}: ${told}`
    return statusCode === 503 ? new Failure(why) : new Refusal(why)
  }
  return new Refusal(
    `what answers at ${url} is no monitor of wallarx (status ${statusCode!}). ` +
      'Give the address of run({ monitor: { listen } })',
  )
}

/** What to say where there is no answer, or it breaks off. */
export function notReached({ shown: url }: MonitorAddress, error: unknown): Failure {
  if (error instanceof Failure) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') {
    return new Failure(
      `nothing listens at ${url}. Start the application with monitor: { listen }, or check the address`,
    )
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new Failure(`there is no host of ${url}. Check the name`)
  if (code === 'ECONNRESET') return new Failure(`${url} has broken the connection off. See whether it still runs`)
  if (code === 'EPROTO' || code?.startsWith('HPE_') === true) {
    return new Failure(
      `what listens at ${url} does not speak ${url.startsWith('https') ? 'TLS' : 'HTTP'}. Check the address`,
    )
  }
  return new Failure(`cannot ask ${url}: ${shown(error)}`)
}

/** The message of `{ code, message }`. */
function messageIn(body: string): string | undefined {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown }
    if (typeof message !== 'string') return undefined
    return printable(typeof code === 'string' ? `${code}: ${message}` : message)
  } catch {
    return undefined
  }
}
