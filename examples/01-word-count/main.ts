import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { merge, type Observable } from 'rxjs'
import {
  fileSink,
  fileSource,
  journaled,
  lengthPrefixed,
  lines,
  lmdbStore,
  run,
  tcpSink,
  tcpSource,
  WallarxError,
  type ByteSink,
} from 'wallarx'
import { splitAndCount } from './wordCount.ts'

const help = `Counts words: text in, a line "WORD => COUNT" for each word out.

  npm run word-count -- --in 127.0.0.1:7010 --out 127.0.0.1:7002

  --in LIST    where text comes from, separated by commas, each one of
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   the lines of a file
                 stdin       those of standard input
  --out LIST   where the counts go, separated by commas, each one of
                 HOST:PORT   connect there
                 file:PATH   write this file
                 stdout      standard output
  --state DIR  keeps checkpoints in this directory, and goes on from the last one at the next start; what comes over TCP
               is written to a journal there before it is counted
  --checkpoint-interval MS
               milliseconds between checkpoints (1000)
  --monitor PORT
               shows the run on a page of this machine, http://localhost:PORT/; 0 is a port that is free
  --help       this text

Runs until it is stopped (Ctrl-C, SIGTERM); of files and standard input alone, until their end.`

function source(place: string, state: string | undefined): Observable<Buffer> {
  const path = filePath(place)
  if (path !== undefined) return fileSource({ path, framing: lines() })
  const frames = tcpSource({ listen: place, framing: lengthPrefixed(4) })
  if (state === undefined) return frames
  return journaled(frames, {
    directory: join(state, 'journal', place.replaceAll(/[^\w.]/g, '_')),
    name: `journal of ${place}`,
  })
}

function sink(place: string): ByteSink {
  const path = filePath(place)
  return path === undefined ? tcpSink({ connect: place }) : fileSink({ path })
}

const filePath = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

/** The places of a flag. Throws where there is none. */
function places(flag: string, list: string | undefined): string[] {
  const all = (list ?? '').split(',').filter((place) => place !== '')
  if (all.length === 0) throw new TypeError(`${flag} is missing: give it HOST:PORT or file:PATH`)
  return all
}

try {
  const { values } = parseArgs({
    options: {
      in: { type: 'string' },
      out: { type: 'string' },
      state: { type: 'string' },
      'checkpoint-interval': { type: 'string' },
      monitor: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    console.log(help)
  } else {
    const { state } = values
    const sources = places('--in', values.in).map((place) => source(place, state))
    const sinks = places('--out', values.out).map(sink)
    // One source is taken as it is: frames of merged ones cannot be read in place.
    const texts = sources.length === 1 ? sources[0]! : merge(...sources)
    const app = await run({
      name: 'Word Count Application',
      pipelines: { 'Split and Count': splitAndCount(texts, sinks) },
      ...(state !== undefined && { store: lmdbStore(state) }),
      ...(values['checkpoint-interval'] && { checkpointInterval: Number(values['checkpoint-interval']) }),
      ...(values.monitor && { monitor: { listen: Number(values.monitor) } }),
    })
    await app.closed
  }
} catch (error) {
  process.exitCode = tell(error)
}

/** Tells what went wrong, what a user can mend in a line and anything else with its stack; gives the exit code. */
function tell(error: unknown): number {
  if (isClosedPipe(error)) return 0
  if (isUsage(error)) console.error(`word-count: ${error.message}\nTry --help.`)
  else if (error instanceof WallarxError && error.kind !== 'user code') console.error(`word-count: ${error.message}`)
  else console.error(error)
  return 1
}

/** Whether the arguments are wrong. */
function isUsage(error: unknown): error is Error {
  if (error instanceof WallarxError) return error.code === 'OPTION_INVALID' || error.code === 'ADDRESS_INVALID'
  return error instanceof TypeError
}

/** Whether whoever reads our standard output, such as head, has seen enough. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof WallarxError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
}
