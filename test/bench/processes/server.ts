import { answer } from '../answer.ts'
import { journaledServer } from '../contenders/journaledServer.ts'
import { netServer } from '../contenders/netServer.ts'
import { oursServer, shownServer } from '../contenders/oursServer.ts'

// node server.ts ours|shown|journaled|synced|net

let page: string | undefined

const servers: Readonly<Record<string, (receiver: number) => Promise<number>>> = {
  ours: oursServer,
  async shown(receiver) {
    const { port, page: url } = await shownServer(receiver)
    page = url
    return port
  },
  journaled: (receiver) => journaledServer(receiver, 'process'),
  synced: (receiver) => journaledServer(receiver, 'machine'),
  net: netServer,
}

let peak = 0
const rss = (): number => {
  const present = process.memoryUsage.rss()
  peak = Math.max(peak, present)
  return present
}

answer({
  /** Connects to the port of the receiver; answers with the port on which it listens. */
  start: (receiver: number) => servers[process.argv[2]!]!(receiver),
  /** Microseconds of all threads so far. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  /** Where the page of the run is, of `shown`. */
  page: () => page,
  rss,
  /** From now on the resident memory is looked at every 10 ms. */
  watch() {
    peak = 0
    setInterval(rss, 10)
  },
  /** The greatest resident memory seen since `watch`. */
  peak() {
    rss()
    return peak
  },
})
