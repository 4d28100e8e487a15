import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, BenchOptions } from '../bench.ts'
import { startChild, type Child } from '../child.ts'
import { createCorpus } from '../corpus.ts'
import { outputLengths } from '../outputLengths.ts'
import { interleave } from '../runner.ts'
import { createScratch } from '../scratch.ts'
import { createTcpCourse } from '../tcpCourse.ts'

const unit = 'M words/s'

export const durability: Bench = {
  name: 'durability',
  about: 'word count with a store, and with a journal, against the same without',
  async measure(options) {
    const passes = Math.max(1, Math.round(3 * options.seconds)) // several checkpoints long
    const file = await fromFileToFile(options, passes)
    const tcp = await fromTcpToTcp(options, passes)
    return {
      measurements: [
        {
          name: 'file → file, a store and 1 s checkpoints',
          against: 'the same without',
          unit,
          ours: file.kept,
          theirs: file.unkept,
          target: { atLeast: 0.85 },
        },
        {
          name: "TCP → TCP, a journal ('process') and a store",
          against: 'the same without',
          unit,
          ours: tcp.journaled,
          theirs: tcp.unkept,
          target: { atLeast: 0.8 },
        },
        {
          name: "TCP → TCP, a journal ('machine') and a store",
          against: 'the same without',
          unit,
          ours: tcp.synced,
          theirs: tcp.unkept,
        },
        {
          name: "the TCP server's processor time",
          against: 'the same without',
          unit: 'ns/word',
          ours: tcp.cpu.journaled,
          theirs: tcp.cpu.unkept,
        },
      ],
      notes: [
        `${passes} × ${options.frames} frames of 8 words on average; an LMDB store in the directory for temporary ` +
          'files, a new one for each run; words that changed are what a checkpoint writes',
        'file → file: from the start of the run until it is closed, the last checkpoint included; each in a ' +
          'process of its own, in turn, 1 warm-up; the number of bytes that come out is checked',
        'TCP → TCP: as in the bench tcp, a new server for each run',
      ],
    }
  },
}

interface Pass {
  readonly milliseconds: number
  readonly bytes: number
}

async function fromFileToFile({ runs, frames, quick }: BenchOptions, passes: number) {
  const corpus = createCorpus(frames)
  const input = join(createScratch(), 'frames')
  const file = openSync(input, 'w')
  for (let pass = 0; pass < passes; pass++) for (const chunk of corpus.chunks) writeSync(file, chunk)
  closeSync(file)
  const [expected] = (await outputLengths(corpus, [passes])) as [number]
  const program = new URL('../processes/fileWordCount.ts', import.meta.url)
  const kept = startChild(program, ['kept', input], ['--expose-gc'])
  const unkept = startChild(program, ['unkept', input], ['--expose-gc'])
  const contestant = (child: Child) => ({
    async run() {
      const { milliseconds, bytes } = await child.ask<Pass>('run')
      if (bytes !== expected) throw new Error(`${bytes} bytes were written, not ${expected}`)
      return (passes * corpus.words) / milliseconds / 1000
    },
  })
  try {
    return await interleave({ kept: contestant(kept), unkept: contestant(unkept) }, { warmUps: 1, runs, quick })
  } finally {
    await Promise.all([kept.stop(), unkept.stop()])
  }
}

async function fromTcpToTcp({ runs, frames }: BenchOptions, passes: number) {
  const course = await createTcpCourse(frames, passes)
  const cpu = { journaled: [] as number[], synced: [] as number[], unkept: [] as number[] }
  const contestant = (server: 'journaled' | 'synced' | 'ours', times: number[]) => ({
    async run() {
      const { milliseconds, cpuMilliseconds } = await course.run(server)
      times.push((cpuMilliseconds * 1e6) / course.words)
      return course.words / milliseconds / 1000
    },
  })
  try {
    const contestants = {
      journaled: contestant('journaled', cpu.journaled),
      synced: contestant('synced', cpu.synced),
      unkept: contestant('ours', cpu.unkept),
    }
    return { ...(await interleave(contestants, { warmUps: 0, runs })), cpu }
  } finally {
    await course.stop()
  }
}
