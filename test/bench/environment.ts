import { cpus, totalmem } from 'node:os'

/** Where and when it was measured. */
interface Environment {
  readonly date: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly memory: string
}

export function environment(): Environment {
  const cores = cpus()
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  }
}
