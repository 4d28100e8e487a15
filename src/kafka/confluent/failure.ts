import { KafkaError, type KafkaFault } from '../fault.ts'
import type { LibraryError } from './library.ts'

/** What each code means for who made the call. Kafka's are positive, librdkafka's own negative. */
const faults: Readonly<Record<KafkaFault, readonly number[]>> = {
  fenced: [-144, 47, 49, 90],
  abort: [25, 45, 82],
  stale: [22, 27, 113],
  // A leader or coordinator that moves, or is not there yet.
  again: [5, 6, 9, 14, 15, 16, 19, 20, 41, 51, 74, 75],
  pending: [88],
  denied: [29, 30, 31, 53, 58, -169],
  missing: [3, 69, -156, -188, -190],
  exists: [36],
  occupied: [68],
  'too large': [10],
  invalid: [17, 37, 38, 40, 42, 44, 50, -172, -186],
  unreachable: [7, 13, -185, -187, -192, -195],
  gone: [1, -140],
  'missing client': [],
}
const faultOfCode = new Map(
  Object.entries(faults).flatMap(([fault, codes]) => codes.map((code) => [code, fault as KafkaFault] as const)),
)

/** The fault of an error: its code says more than the flags that come with it. */
function faultOf({ code, isFatal, isTxnRequiresAbort, isRetriable }: LibraryError): KafkaFault {
  const known = faultOfCode.get(code)
  if (known !== undefined) return known
  if (isFatal === true || code === -150) return 'fenced'
  if (isTxnRequiresAbort === true) return 'abort'
  // Of what is not known it is not known either whether it took effect.
  return isRetriable === true ? 'again' : 'unreachable'
}

/** The error of a call; `line` is what the log said last of a connection that failed. */
export function failureOf(what: string, error: LibraryError, line?: string): KafkaError {
  let fault = faultOf(error)
  if (fault === 'unreachable' && line !== undefined && /SASL|SSL|TLS/i.test(line)) fault = 'denied'
  const cause = fault === 'unreachable' || fault === 'denied' ? line : undefined
  const text = `${what}: ${error.message}${cause === undefined ? '' : ` (${cause})`}`
  return new KafkaError(fault, text, error.code, error)
}

export const noAnswer = (what: string, timeout: number, line?: string): KafkaError =>
  failureOf(what, Object.assign(new Error(`no answer within ${timeout} ms`), { code: -185 }), line)
