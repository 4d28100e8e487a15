import { parseArgs } from 'node:util'
import type { Bench, BenchOptions } from './bench.ts'

export interface CommandLine {
  readonly help: boolean
  readonly quick: boolean
  readonly names: readonly string[]
  readonly json: string | undefined
  readonly options: BenchOptions
}

type Sizes = Omit<BenchOptions, 'quick'>

const usual: Sizes = { runs: 7, frames: 200_000, keys: 200_000, entities: 1_000_000, seconds: 5, size: 1024 }
const quick: Sizes = { runs: 1, frames: 500, keys: 5_000, entities: 5_000, seconds: 0.2, size: 6 }

/** Throws TypeError for what it does not know. */
export function readCommandLine(args: readonly string[], benches: readonly Bench[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      ...(Object.fromEntries(Object.keys(usual).map((name) => [name, { type: 'string' }])) as Record<
        keyof Sizes,
        { type: 'string' }
      >),
    },
  })
  for (const name of positionals) {
    if (!benches.some((bench) => bench.name === name)) throw new TypeError(`no bench ${name}; try --help`)
  }
  const defaults = values.quick ? quick : usual
  const number = (name: keyof Sizes): number => {
    const given = values[name]
    if (given === undefined) return defaults[name]
    const value = Number(given)
    if (!(value > 0) || (name !== 'seconds' && !Number.isSafeInteger(value))) {
      throw new TypeError(`--${name} ${given}: expected a number above 0`)
    }
    return value
  }
  return {
    help: values.help,
    quick: values.quick,
    names: positionals,
    json: values.json,
    options: {
      runs: number('runs'),
      frames: number('frames'),
      keys: number('keys'),
      entities: number('entities'),
      seconds: number('seconds'),
      size: number('size'),
      quick: values.quick,
    },
  }
}

export function help(benches: readonly Bench[]): string {
  const width = Math.max(...benches.map(({ name }) => name.length))
  return `Measures the built package.

  npm run bench -- [BENCH…] [OPTION…]

${benches.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join('\n')}

  --runs N      runs of each contender, of which the median counts (${usual.runs})
  --frames N    frames of the word count (${usual.frames})
  --keys N      entities that are looked up (${usual.keys})
  --entities N  entities in memory, in a checkpoint, in a store (${usual.entities})
  --seconds N   length of two turns of the latency bench (${usual.seconds})
  --size N      MiB sent to a server whose receiver does not read (${usual.size})
  --quick       a few messages and one run: does it work at all? Its numbers mean nothing
  --json FILE   writes every run to FILE
  --help        this text`
}
