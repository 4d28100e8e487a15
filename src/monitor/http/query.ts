import { toHalves } from '../../key/key.ts'
import { RequestFailure } from './failure.ts'

/** What is asked for: a path in its parts, decoded, and what follows `?`. */
export interface Target {
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

/** Throws `REQUEST_INVALID`. */
export function targetOf(url: string): Target {
  const [path = '', ...query] = url.split('?')
  if (!path.startsWith('/')) throw new RequestFailure('REQUEST_INVALID', 'expected a path that begins with /')
  try {
    return { path: path.slice(1).split('/').map(decodeURIComponent), query: new URLSearchParams(query.join('?')) }
  } catch {
    throw new RequestFailure('REQUEST_INVALID', 'the path is not percent-encoded UTF-8')
  }
}

/** Throws `REQUEST_INVALID` where something is asked for that nobody looks at. */
export function knownParameters(query: URLSearchParams, names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of query.keys()) {
    if (seen.has(name)) throw new RequestFailure('REQUEST_INVALID', `${shownName(name)} stands there twice`)
    seen.add(name)
    if (names.includes(name)) continue
    const known = names.length === 0 ? 'takes no parameters' : `takes ${names.join(', ')}`
    throw new RequestFailure('REQUEST_INVALID', `this address ${known}, got ${shownName(name)}`)
  }
}

/** One of these; the first one where none is given. Throws `REQUEST_INVALID`. */
export function oneOf<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const given = query.get(name) ?? choices[0]
  const found = choices.find((choice) => choice === given)
  if (found !== undefined) return found
  throw new RequestFailure('REQUEST_INVALID', `expected ${name} to be ${choices.join(' or ')}`)
}

export function numberIn(query: URLSearchParams, name: string, usual: number, most: number): number {
  const given = query.get(name)
  if (given === null) return usual
  const number = /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (number < 1 || number > most) {
    throw new RequestFailure('REQUEST_INVALID', `expected ${name} to be a whole number from 1 to ${most}`)
  }
  return number
}

/** A key in decimal digits. Throws `KEY_INVALID`. */
export function keyIn(text: string): bigint {
  const key = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
  if (toHalves(key, halves)) return key
  throw new RequestFailure('KEY_INVALID', 'expected a key to be a whole number from 0 to 2^64 - 1, in decimal digits')
}

const halves = new Uint32Array(2)
const shownName = (name: string): string => JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name)
