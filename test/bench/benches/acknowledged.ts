import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { createCorpus } from '../corpus.ts'
import { quantile } from '../median.ts'
import { interleave } from '../runner.ts'
import { createScratch } from '../scratch.ts'

type Kind = 'acknowledged' | 'plain'

const program = new URL('../processes/onward.ts', import.meta.url)
/** Frames a second while latency is measured. */
const rate = 20_000

export const acknowledged: Bench = {
  name: 'acknowledged',
  about: 'from one application to another: acknowledged TCP against plain TCP with a journal behind it',
  async measure({ runs, frames, seconds }) {
    const passes = Math.max(1, Math.round(3 * seconds)) // several checkpoints long
    const warmUp = Math.min(1, seconds)
    const corpus = createCorpus(frames)
    const input = join(createScratch(), 'frames')
    const file = openSync(input, 'w')
    for (let pass = 0; pass < passes; pass++) for (const chunk of corpus.chunks) writeSync(file, chunk)
    closeSync(file)

    /** Two new applications, `A` and `B`. */
    const between = async <Result>(kind: Kind, work: (a: Ask, b: Ask, port: number) => Promise<Result>) => {
      const [a, b] = [startChild(program, [kind]), startChild(program, [kind])]
      try {
        return await work(a.ask, b.ask, await b.ask<number>('listen'))
      } finally {
        await Promise.all([a.stop(), b.stop()])
      }
    }
    const throughput = (kind: Kind) => ({
      run: () =>
        between(kind, async (a, b, port) => {
          const reached = b<number>('reach', passes * frames)
          const began = await a<number>('send', port, input)
          return (passes * frames) / ((await reached) - began) / 1000
        }),
    })
    const times: Record<Kind, number[]> = { acknowledged: [], plain: [] } // p99
    const latency = (kind: Kind) => ({
      run: () =>
        between(kind, async (a, b, port) => {
          const sent = await a<number>('tick', port, rate, warmUp + seconds)
          await b('reach', sent)
          const all = (await b<number[]>('latencies')).slice(rate * warmUp).sort((x, y) => x - y)
          times[kind].push(quantile(all, 0.99))
          return quantile(all, 0.5)
        }),
    })
    const speed = await interleave(
      { acknowledged: throughput('acknowledged'), plain: throughput('plain') },
      { warmUps: 0, runs },
    )
    const p50 = await interleave(
      { acknowledged: latency('acknowledged'), plain: latency('plain') },
      { warmUps: 0, runs },
    )
    return {
      measurements: [
        {
          name: 'file → A → TCP → B, acknowledged',
          against: 'plain TCP with a journal in B',
          unit: 'M frames/s',
          ours: speed.acknowledged,
          theirs: speed.plain,
          target: { atLeast: 0.9 },
        },
        {
          name: 'A → TCP → B, acknowledged, p50',
          against: 'plain TCP with a journal in B',
          unit: 'ms',
          ours: p50.acknowledged,
          theirs: p50.plain,
          target: { atMost: 1.1 },
        },
        {
          name: 'A → TCP → B, acknowledged, p99',
          against: 'plain TCP with a journal in B',
          unit: 'ms',
          ours: times.acknowledged,
          theirs: times.plain,
        },
      ],
      notes: [
        `${passes} × ${frames} frames of 45 bytes on average; A and B are processes, both with an LMDB store and ` +
          'checkpoints each second, new ones for each run; B counts the frames in its pipeline and nothing more; ' +
          'from the start of A to the last frame',
        `latency: ${rate} frames a second in batches of 0.25 ms (open loop), from when one was due until B's ` +
          `pipeline has it, ${seconds} s after ${warmUp} s of warm-up`,
      ],
    }
  },
}

type Ask = <Answer>(question: string, ...details: unknown[]) => Promise<Answer>
