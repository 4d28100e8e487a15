import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'

/** The address of a WebSocket: `ws://HOST:PORT/PATH` or `wss://…`. Throws `ADDRESS_INVALID`. */
export function parseWebSocketUrl(address: unknown): URL {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  if (url !== undefined && (url.protocol === 'ws:' || url.protocol === 'wss:') && url.hash === '') return url
  throw new WallarxError('ADDRESS_INVALID', {
    expected: 'the address of a WebSocket such as ws://127.0.0.1:7010/readings or wss://shop.example/orders',
    got: shown(address),
  })
}

/** What stands in names: without what may be secret, the user, the password and the query. */
export const shownUrl = ({ protocol, host, pathname }: URL): string =>
  `${protocol}//${host}${pathname === '/' ? '' : pathname}`
