import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { isOrderly, shownClose } from '../../network/webSocket/closing.ts'
import type { ConnectionEnd } from './connection.ts'

/** What was wrong with a connection that has ended; `undefined` where nothing was. */
export function failureOfEnd(
  { code, reason, problem }: ConnectionEnd,
  maxMessageLength: number,
  where: Where,
): WallarxError | undefined {
  if (problem === undefined && isOrderly(code)) return undefined
  if ((problem as NodeJS.ErrnoException | undefined)?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new WallarxError('FRAME_TOO_LONG', {
      expected: `a message of at most ${maxMessageLength} bytes (option maxMessageLength)`,
      got: 'a longer one',
      where,
      cause: problem,
    })
  }
  return new WallarxError('CONNECTION_FAILED', {
    expected: 'a connection that ends in order',
    got: problem === undefined ? shownClose(code, reason) : shown(problem),
    where,
    ...(problem !== undefined && { cause: problem }),
  })
}

/** Nothing has come of a connection for long. */
export function silent(pingInterval: number, where: Where): WallarxError {
  return new WallarxError('CONNECTION_IDLE', {
    expected: `an answer to a ping within ${pingInterval} ms (option pingInterval)`,
    got: 'nothing',
    where,
  })
}
