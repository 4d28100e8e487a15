/* `wallarx trace`: follows one key, message by message, with the state after each. */

import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { TraceReport } from '../../monitor/report.ts'
import type { Command } from '../command.ts'
import { Failure, UsageError } from '../failure.ts'
import { amount } from '../format.ts'
import { onInterrupt } from '../interruptible.ts'
import { monitorAddress, type MonitorAddress, tokenOption } from '../monitor/address.ts'
import { getEvents } from '../monitor/request.ts'
import { numberOption } from '../options.ts'
import { traceLine } from './line.ts'

const help = `wallarx trace: follows one key of an application, message by message

  wallarx trace URL --key K

  URL                  the monitor of an application, such as http://127.0.0.1:9464: what it was given as
                       run({ monitor: { listen } })
  --key K              the key, a whole number

  --partition NAME     its state partition. Default: all that have this key
  --worker NAME        on a cluster the worker whose messages are followed, which is asked by the one at URL. Default:
                       the one at URL. A key is where its shard is: only its owner has messages of it
  --limit N            stop after N messages. Default: when the application ends
  --json               each message as JSON, on a line of its own, as the application tells it
  --token T            the token of the monitor. Default: that of the environment, WALLARX_TOKEN, which others on this
                       machine do not see
  --help               this text

A line has the time, the step, the key, the message, and the state after it. Nothing is changed, and the application
waits for nobody: what is not read here fast enough it leaves out, and a message or a state that is long is cut, but
for --json. It follows the key only while this command runs; Ctrl-C ends it.
Exit code: 0 when the application has ended, 1 when the connection is lost, 2 for wrong arguments, 130 after Ctrl-C.`

/** `wallarx trace` */
export const trace: Command = {
  help,
  run: (args) => follow(parse(args)),
}

interface TraceOptions {
  readonly address: MonitorAddress
  readonly path: string
  readonly limit: number
  readonly json: boolean
}

function parse(args: readonly string[]): TraceOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      partition: { type: 'string' },
      worker: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean', default: false },
      token: { type: 'string' },
    },
  })
  const [url, ...more] = positionals
  if (url === undefined) throw new UsageError('URL is missing, such as http://127.0.0.1:9464')
  if (more.length > 0) throw new UsageError(`expected one URL, got "${more[0]!}" too`)
  const address = monitorAddress(url, tokenOption(values.token))
  const query = new URLSearchParams({ key: keyOption(values.key) })
  for (const [name, what] of [
    ['partition', 'a state partition'],
    ['worker', 'a worker'],
  ] as const) {
    const value = values[name]
    if (value === '') throw new UsageError(`--${name} wants the name of ${what}`)
    if (value !== undefined) query.set(name, value)
  }
  const limit = numberOption('limit', values.limit, { least: 1 }) ?? Infinity
  return { address, path: `trace?${query.toString()}`, limit, json: values.json }
}

function keyOption(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--key is missing, a whole number')
  if (!/^\d+$/.test(text) || BigInt(text) >= 2n ** 64n) {
    throw new UsageError(`--key wants a whole number below 2^64, not "${text}"`)
  }
  return String(BigInt(text))
}

async function follow({ address, path, limit, json }: TraceOptions): Promise<number> {
  const interrupt = onInterrupt()
  const { signal, abort } = interrupt
  process.stdout.on('close', abort).on('error', abort) // whoever reads it, such as head, has seen enough
  let seen = 0
  try {
    for await (const { event, data } of getEvents(address, path, { signal })) {
      if (event !== 'trace') continue
      const line = json ? data : shownLine(data, address)
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain', { signal })
      if (++seen >= limit) return interrupt.code
    }
    console.error(`${address.shown} has ended, after ${amount(seen, 'message', 'messages')}`)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    interrupt.forget()
    process.stdout.off('close', abort).off('error', abort)
  }
  return interrupt.code
}

function shownLine(data: string, { shown }: MonitorAddress): string {
  try {
    return traceLine(JSON.parse(data) as TraceReport)
  } catch {
    throw new Failure(`${shown} tells something that is no trace of wallarx. Use the wallarx of the application`)
  }
}
