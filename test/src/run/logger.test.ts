import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import { from, throwError, type Observable } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import {
  fromAsyncIterable,
  fromObservable,
  run,
  type Log,
  type LogFields,
  type Logger,
  type RunOptions,
  type Sink,
} from 'wallarx'
import { decode, to, toSink } from 'wallarx/operators'
import { eventCodes } from '../../../src/base/eventCode.ts'

type Line = LogFields & { readonly level: string; readonly message: string }

function collect(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const level =
    (name: string) =>
    (fields: LogFields, message: string): void => {
      lines.push({ ...fields, level: name, message })
    }
  return { logger: { warn: level('warn'), error: level('error') }, lines }
}

function collectLines(): Log & { readonly events: string[] } {
  const events: string[] = []
  const take = (event: string): void => void events.push(event)
  return { events, info: take, warn: take, error: take }
}

const strict = {
  decode(frame: Buffer): string {
    if (frame.includes('bad')) throw new Error('no text')
    return frame.toString()
  },
}
const frames = (...texts: string[]): Observable<Buffer> => fromAsyncIterable(texts.map((text) => Buffer.from(text)))

async function ran(options: Partial<RunOptions>, Lines: Observable<unknown> = frames('good')): Promise<unknown> {
  try {
    const app = await run({ name: 'Test', pipelines: { Lines }, handleSignals: false, ...options })
    await app.closed
    return undefined
  } catch (error) {
    return error
  }
}

describe('the logger', () => {
  test('gets nothing while all is well, and then standard error gets nothing either', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const { logger, lines } = collect()
    expect(await ran({ logger })).toBeUndefined()
    expect(lines).toEqual([])
    expect(write).not.toHaveBeenCalled()
  })

  test('gets a dead letter as data: its code, where it was, the error; and those held back as a number', async () => {
    const { logger, lines } = collect()
    const bad = frames('bad', 'good', 'bad', 'bad').pipe(decode(strict))
    await ran({ logger, log: false }, bad)
    expect(lines).toEqual([
      {
        level: 'warn',
        code: 'DECODE_FAILED',
        application: 'Test',
        pipeline: 'Lines',
        step: 'decode',
        err: expect.objectContaining({ code: 'DECODE_FAILED' }),
        message: expect.stringMatching(/^Lines: dead letter DECODE_FAILED: expected /),
      },
      {
        level: 'warn',
        code: 'DECODE_FAILED',
        application: 'Test',
        pipeline: 'Lines',
        count: 2,
        message: 'Lines: dead letter DECODE_FAILED: 2 more',
      },
    ])
  })

  test('and `log` each get all that is meant for them, where there are both', async () => {
    const { logger, lines } = collect()
    const log = collectLines()
    await ran({ logger, log }, frames('bad').pipe(decode(strict)))
    expect(log.events).toEqual(lines.map(({ message }) => message))
  })

  test('gets what ended the run, also where that is no error of ours; the run rejects with it as before', async () => {
    const { logger, lines } = collect()
    const failing = from([1]).pipe(
      to(() => {
        throw new Error('mine')
      }),
    )
    const error = await ran({ logger }, failing)
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        code: 'COMPUTATION_FAILED',
        pipeline: 'Lines',
        step: 'to',
        err: error,
      }),
    ])
    lines.length = 0
    await ran({ logger }, fromObservable(throwError(() => new Error('foreign'))))
    expect(lines).toEqual([expect.objectContaining({ level: 'error', application: 'Test', err: expect.anything() })])
  })

  test('gets what a sink of a user says, by the code that it gives', async () => {
    const sink: Sink<Buffer> = {
      name: 'mine',
      open: ({ warn }) => ({
        write() {
          warn('almost full', 'DISK_ALMOST_FULL')
          warn('something')
        },
        close: () => Promise.resolve(),
        abort: () => undefined,
      }),
    }
    const { logger, lines } = collect()
    await ran({ logger }, frames('a').pipe(toSink(sink)))
    expect(lines.map(({ code, sink, pipeline, message }) => [code, sink, pipeline, message])).toEqual([
      ['DISK_ALMOST_FULL', 'mine', 'Lines', 'Lines: almost full'],
      ['WARNING', 'mine', 'Lines', 'Lines: something'],
    ])
  })

  test('may throw: the run goes on', async () => {
    const logger: Logger = {
      warn() {
        throw new Error('the disk of the logs is full')
      },
      error: () => undefined,
    }
    expect(await ran({ logger }, frames('bad').pipe(decode(strict)))).toBeUndefined()
  })

  test('may be a pino, or console', async () => {
    const written: string[] = []
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        written.push(chunk.toString())
        done()
      },
    })
    await ran({ logger: pino(stream) }, frames('bad').pipe(decode(strict)))
    expect(JSON.parse(written[0]!)).toMatchObject({
      level: 40,
      code: 'DECODE_FAILED',
      application: 'Test',
      pipeline: 'Lines',
      err: { type: 'WallarxError', stack: expect.stringContaining('WallarxError') },
      msg: expect.stringContaining('dead letter'),
    })
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined)
    await ran({ logger: console }, frames('bad').pipe(decode(strict)))
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'DECODE_FAILED' }),
      expect.stringMatching(/^Lines:/),
    )
  })

  test.each([
    [{ logger: { info: () => undefined } }, 'logger to be an object with warn and error'],
    [{ logger: null }, 'logger to be'],
    [{ log: { warn: () => undefined } }, 'log to be false, or an object with info, warn and error'],
    [{ log: true }, 'log to be'],
  ])('%j is refused', async (options, expected) => {
    expect(String(await ran(options as never))).toContain(expected)
  })
})

test('each code of an event is used, and told in the guide as in the code', () => {
  const guide = readFileSync('docs/telemetry.md', 'utf8')
  const told = [...guide.matchAll(/^\| `([A-Z_]+)` +\| (.*?) *\|$/gm)].map(([, code, meaning]) => [code, meaning])
  expect(Object.fromEntries(told)).toEqual(eventCodes)
  const text = ['src', 'operators']
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('eventCode.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  for (const code of Object.keys(eventCodes)) expect(text).toContain(`'${code}'`)
})
