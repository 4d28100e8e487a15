import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { createCorpus, type Corpus } from '../corpus.ts'
import { createFlood, type Flood } from '../flood.ts'
import { createStallableReceiver } from '../stallableReceiver.ts'
import type { ServerName } from '../tcpCourse.ts'

const MiB = 2 ** 20

export const backpressure: Bench = {
  name: 'backpressure',
  about: 'resident memory of the word-count server while its receiver does not read',
  async measure({ frames, size, quick }) {
    const corpus = createCorpus(frames)
    const passes = Math.ceil((size * MiB) / corpus.bytes)
    const warmUps = Math.ceil(passes / 32)
    const settleTime = quick ? 100 : 1000
    const ours = await watchedFlood('ours', corpus, { passes, warmUps, settleTime })
    const net = await watchedFlood('net', corpus, { passes, warmUps, settleTime })
    const against = 'hand-written server'
    const unit = 'MiB'
    const target = { atMost: 64 }
    const judged = 'ours' as const
    return {
      measurements: [
        {
          name: 'receiver does not read, above the warm process',
          against,
          unit,
          ours: [ours.stalled - ours.warm],
          theirs: [net.stalled - net.warm],
          target,
          judged,
        },
        {
          name: 'until all has arrived, above the warm process',
          against,
          unit,
          ours: [ours.peak - ours.warm],
          theirs: [net.peak - net.warm],
          target,
          judged,
        },
        {
          name: 'receiver does not read, above the new process',
          against,
          unit,
          ours: [ours.stalled - ours.cold],
          theirs: [net.stalled - net.cold],
        },
        {
          name: 'until all has arrived, above the new process',
          against,
          unit,
          ours: [ours.peak - ours.cold],
          theirs: [net.peak - net.cold],
        },
      ],
      notes: [
        `one run: ${mebibytes(passes * corpus.bytes)} MiB pushed; the receiver stopped reading at once and again ` +
          `half way, until nothing had moved for ${settleTime / 1000} s; the sender got rid of ` +
          `${ours.taken.map(mebibytes).join(' and ')} MiB meanwhile; all ${passes * corpus.words} lines arrived`,
        `new: before the first connection, ${ours.cold.toFixed(0)} MiB; warm: idle after ` +
          `${mebibytes(warmUps * corpus.bytes)} MiB had passed, ${ours.warm.toFixed(0)} MiB, so that compiled code, ` +
          `the state and the heap that V8 keeps do not count as backlog; peak: ${ours.peak.toFixed(0)} MiB, looked ` +
          'at every 10 ms',
      ],
    }
  },
}

interface Watched {
  /** Resident MiB: new; idle after the warm-up; greatest while the receiver did not read; greatest of all. */
  readonly cold: number
  readonly warm: number
  readonly stalled: number
  readonly peak: number
  /** Bytes that left the sender while the receiver did not read, each time. */
  readonly taken: readonly number[]
}

interface FloodOptions {
  readonly passes: number
  readonly warmUps: number
  /** In ms: what has not moved for so long stands still. */
  readonly settleTime: number
}

async function watchedFlood(
  name: ServerName,
  corpus: Corpus,
  { passes, warmUps, settleTime }: FloodOptions,
): Promise<Watched> {
  const receiver = await createStallableReceiver()
  const server = startChild(new URL('../processes/server.ts', import.meta.url), [name])
  let flood: Flood | undefined
  try {
    const resident = async (question: 'rss' | 'peak'): Promise<number> => (await server.ask<number>(question)) / MiB
    const port = await server.ask<number>('start', receiver.port)
    await sleep(settleTime)
    const cold = await resident('rss')

    flood = await createFlood(port)
    for (let pass = 0; pass < warmUps; pass++) flood.push(corpus.chunks)
    await until(() => receiver.lines === warmUps * corpus.words)
    await sleep(settleTime)
    const warm = await resident('rss')
    await server.ask('watch')

    const start = flood.pushed
    receiver.stall()
    for (let pass = 0; pass < passes; pass++) flood.push(corpus.chunks)
    await untilStill(flood, settleTime)
    const stalled = await resident('peak')
    const taken = [flood.pushed - start]

    receiver.readOn()
    await until(() => receiver.lines >= (warmUps + passes / 2) * corpus.words)
    receiver.stall()
    const before = flood.pushed
    await untilStill(flood, settleTime)
    taken.push(flood.pushed - before)

    receiver.readOn()
    await until(() => receiver.lines === (warmUps + passes) * corpus.words)
    return { cold, warm, stalled, peak: await resident('peak'), taken }
  } finally {
    flood?.close()
    receiver.close()
    await server.stop()
  }
}

const mebibytes = (bytes: number): string => (bytes / MiB).toFixed(bytes < 10 * MiB ? 1 : 0)

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await sleep(10)
}

/** Waits until nothing has left the sender for so many ms. */
async function untilStill(flood: Flood, settleTime: number): Promise<void> {
  for (let before = -1; before !== flood.pushed;) {
    before = flood.pushed
    await sleep(settleTime)
  }
}
