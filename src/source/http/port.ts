import type { AddressInfo } from 'node:net'
import { shown } from '../../base/shown.ts'
import { within } from '../../context/context.ts'
import { openServer, type HttpServer, type ServerSettings } from '../../network/http/server.ts'
import type { SourceSubscription } from '../source.ts'

/** What a source says of its port, beside what it tells the run by its subscription. */
interface SourcePortSettings extends Omit<ServerSettings, 'owner' | 'clock' | 'listening' | 'failed' | 'warn'> {
  /** The source's. */
  readonly name: string
  readonly onListening?: ((address: AddressInfo) => void) | undefined
}

/** Opens the port of a source, which fails where it does not listen. */
export function openSourcePort(
  { name, onListening, ...settings }: SourcePortSettings,
  { output, context, opened }: Pick<SourceSubscription<never>, 'output' | 'context' | 'opened'>,
): HttpServer {
  return openServer({
    ...settings,
    owner: { source: name },
    clock: context.clock,
    warn(cause) {
      context.report.warn(`${name}: ${shown(cause)}`, 'CONNECTION_NOT_ACCEPTED', { source: name })
    },
    failed(error) {
      within(context, () => {
        output.error(error)
      })
    },
    listening(address) {
      onListening?.(address)
      opened()
    },
  })
}
