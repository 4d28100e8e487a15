import { parseArgs } from 'node:util'

export const courses = [
  'file',
  'ix',
  'time',
  'join',
  'market-spread',
  'sequence-window',
  'alerts',
  'follow',
  'tcp',
  'acknowledged',
  'damage',
  'kafka',
] as const
export type Course = (typeof courses)[number]

export interface CommandLine {
  readonly help: boolean
  /** Kills in each course that kills. */
  readonly runs: number
  /** Damages to a store. */
  readonly damages: number
  readonly seed: number
  readonly courses: readonly Course[]
}

export const help = `Kills applications at random moments, starts them again, and looks for what got lost or came twice.
Damages the files of a store, opens it, and looks for what is lost without a word.

  npm run crash-test -- --runs 200

  --runs N   how often each application is killed (20); besides, it is stopped in order once for each ten of them;
             how often a store is damaged (1000)
  --seed S   repeats the texts and the order of the moments of another time; not the moments to the microsecond
  --only C   file: word count from file to file; ix: the same with Ix operators; time: windows, timers and expiry
             from file to file; join: a join; market-spread, sequence-window, alerts: these examples from file to
             file; follow: a file that is followed while another process rotates it; tcp: sequence windows over TCP
             with a journal; acknowledged: two applications and acknowledged TCP between them; damage: the files of a
             store; kafka: workers on a real broker, which are also frozen, added and taken away, and the broker
             itself; N disturbances. Needs Java 17 and Maven. Default: all but kafka
  --help     this text

Exit code 1 when anything is wrong; the files are kept then.`

/** Throws TypeError for what it does not know. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      runs: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const only = courses.find((course) => course === values.only)
  if (values.only !== undefined && only === undefined) {
    throw new TypeError(`--only ${values.only}: expected ${courses.join(' or ')}`)
  }
  return {
    help: values.help,
    runs: whole('runs', values.runs ?? '20', 1),
    damages: whole('runs', values.runs ?? '1000', 1),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', values.seed, 0),
    courses: only === undefined ? courses.filter((course) => course !== 'kafka') : [only],
  }
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new TypeError(`--${option} ${text}: expected a whole number from ${least}`)
}
