import type { IncomingMessage } from 'node:http'
import type { Refusal } from '../../network/http/refusal.ts'
import type { HttpSourceSettings } from './options.ts'

/** Why a request for this source cannot be taken, as far as its head says. */
export function refusalOfHead(
  { method, headers }: IncomingMessage,
  { contentTypes, maxBodyLength }: HttpSourceSettings,
): Refusal | undefined {
  if (method !== 'POST') {
    return { code: 'METHOD_REFUSED', message: 'what comes here is posted', headers: { Allow: 'POST, OPTIONS' } }
  }
  const type = headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase()
  if (contentTypes !== undefined && (type === undefined || !contentTypes.has(type))) {
    return { code: 'TYPE_REFUSED', message: `needs Content-Type: ${[...contentTypes].join(' or ')}` }
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    return {
      code: 'ENCODING_REFUSED',
      message: 'bodies are taken as they are, without Content-Encoding',
      headers: { 'Accept-Encoding': 'identity' },
    }
  }
  if (Number(headers['content-length'] ?? 0) > maxBodyLength) return tooLong(maxBodyLength)
  return undefined
}

export const tooLong = (maxBodyLength: number): Refusal => ({
  code: 'FRAME_TOO_LONG',
  message: `a body may have ${maxBodyLength} bytes (option maxBodyLength)`,
})

/** What a browser is told that asks whether a page may post. */
export const preflightHeaders = {
  Allow: 'POST, OPTIONS',
  'Access-Control-Allow-Methods': 'POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Max-Age': '600',
} as const
