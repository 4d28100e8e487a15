import { createHash, timingSafeEqual } from 'node:crypto'
import { invalidOption } from '../base/option.ts'

/** What a token is, for messages. */
const form = 'a string of 16 to 256 characters of ASCII without spaces'

/** Throws `OPTION_INVALID` for what cannot be a token. */
export function checkToken(option: string, token: unknown): void {
  if (typeof token === 'string' && /^[\x21-\x7e]{16,256}$/.test(token)) return
  // Not as it is: what is no token here may be one elsewhere.
  throw invalidOption(option, form, typeof token)
}

/** Whether the header `Authorization` of a request has this token. */
export function createTokenCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token)
  return (authorization = '') => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
    // Digests, which are of one length: comparing them says nothing of the token, however long it takes.
    return given !== undefined && timingSafeEqual(digest(given), expected)
  }
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
