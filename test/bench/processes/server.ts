import { answer } from '../answer.ts'
import { journaledServer } from '../contenders/journaledServer.ts'
import { netServer } from '../contenders/netServer.ts'
import { oursServer } from '../contenders/oursServer.ts'

// node server.ts ours|journaled|synced|net

const servers: Readonly<Record<string, (receiver: number) => Promise<number>>> = {
  ours: oursServer,
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
