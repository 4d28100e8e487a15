import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { createCorpus } from '../corpus.ts'
import { createFlood, type Flood } from '../flood.ts'
import { createStallableReceiver } from '../stallableReceiver.ts'

const MiB = 2 ** 20
const settleTime = 1000

export const backpressure: Bench = {
  name: 'backpressure',
  about: 'resident memory of the word-count server while its receiver does not read',
  async measure({ frames, size }) {
    const corpus = createCorpus(frames)
    const passes = Math.ceil((size * MiB) / corpus.bytes)
    const warmUps = Math.ceil(passes / 32)
    const receiver = await createStallableReceiver()
    const server = startChild(new URL('../processes/server.ts', import.meta.url), ['ours'])
    let flood: Flood | undefined
    try {
      const port = await server.ask<number>('start', receiver.port)
      await sleep(settleTime)
      const rss = async (): Promise<number> => (await server.ask<number>('rss')) / MiB
      const idle = await rss()

      flood = await createFlood(port)
      for (let pass = 0; pass < warmUps; pass++) flood.push(corpus.chunks)
      await until(() => receiver.lines === warmUps * corpus.words)
      await sleep(settleTime)
      const warm = await rss()
      await server.ask('watch')

      const start = flood.pushed
      receiver.stall()
      for (let pass = 0; pass < passes; pass++) flood.push(corpus.chunks)
      await stalled(flood)
      const taken = [flood.pushed - start]
      const stalledPeak = (await server.ask<number>('peak')) / MiB

      // Once more in the middle, then everything must arrive.
      receiver.readOn()
      await until(() => receiver.lines >= (warmUps + passes / 2) * corpus.words)
      receiver.stall()
      const before = flood.pushed
      await stalled(flood)
      taken.push(flood.pushed - before)
      receiver.readOn()
      await until(() => receiver.lines === (warmUps + passes) * corpus.words)
      const peak = (await server.ask<number>('peak')) / MiB

      return {
        measurements: [
          {
            name: 'receiver does not read, above the idle process',
            unit: 'MiB',
            ours: [stalledPeak - idle],
            target: { atMost: 64 },
          },
          {
            name: 'until all has arrived, above the idle process',
            unit: 'MiB',
            ours: [peak - idle],
            target: { atMost: 64 },
          },
          { name: 'receiver does not read, above the warm process', unit: 'MiB', ours: [stalledPeak - warm] },
          { name: 'until all has arrived, above the warm process', unit: 'MiB', ours: [peak - warm] },
        ],
        notes: [
          `${Math.round((passes * corpus.bytes) / MiB)} MiB pushed; the receiver stopped reading at once and again half way, until nothing had moved for a second; the sender got rid of ${taken.map((bytes) => (bytes / MiB).toFixed(1)).join(' and ')} MiB meanwhile; all ${passes * corpus.words} lines arrived`,
          `idle: ${idle.toFixed(0)} MiB, before the first connection; warm: ${warm.toFixed(0)} MiB, after ${((warmUps * corpus.bytes) / MiB).toFixed(0)} MiB had passed, with compiled code, state, and a heap of the size that V8 keeps under load; peak: ${peak.toFixed(0)} MiB, looked at every 10 ms`,
        ],
      }
    } finally {
      flood?.close()
      receiver.close()
      await server.stop()
    }
  },
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await sleep(10)
}

/** Waits until nothing has left the sender for a second. */
async function stalled(flood: Flood): Promise<void> {
  for (let before = -1; before !== flood.pushed;) {
    before = flood.pushed
    await sleep(settleTime)
  }
}
