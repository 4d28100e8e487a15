import { readFileSync } from 'node:fs'

/** What the system says of a process. */
export interface Usage {
  /** Seconds of processor time so far, of all its threads. */
  readonly cpu: number
  /** The most memory it has had so far, in MiB. */
  readonly peak: number
}

/** Ticks in a second of the times in /proc: fixed by the kernel's interface (man 5 proc). */
const ticks = 100

/** Linux only. */
export function usageOf(pid: number): Usage {
  // Fields behind the name, which may have blanks in it and ends with the last bracket; the 12th and 13th are times.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / ticks,
    peak: Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024,
  }
}
