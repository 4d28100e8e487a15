/* The close codes of RFC 6455 that are used here, and how the end of a connection is told. */

/** All was done. */
export const normalClosure = 1000
/** This side stops. */
export const goingAway = 1001
/** This side has failed. */
export const failedHere = 1011
/** Come again later: the other side does not read as fast as it is sent to. */
export const tooSlow = 1013
/** No close frame came: the connection broke. */
const abnormalClosure = 1006

/** Both sides have said goodbye, and neither because of an error. */
export const isOrderly = (code: number): boolean => code === normalClosure || code === goingAway || code === 1005

/** Why a connection has ended. */
export function shownClose(code: number, reason: Buffer | string): string {
  if (code === abnormalClosure) return 'the connection broke off'
  const text = String(reason)
  return `closed with ${code}${text === '' ? '' : ` (${text})`}`
}
