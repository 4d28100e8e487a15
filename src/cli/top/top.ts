/* `wallarx top`: why applications do not move, or how fast they do, asked of their monitors each second. */

import { parseArgs } from 'node:util'
import type { Command } from '../command.ts'
import { Failure, UsageError } from '../failure.ts'
import { onInterrupt } from '../interruptible.ts'
import { monitorAddress, type MonitorAddress, tokenOption } from '../monitor/address.ts'
import { leastWidth, render } from './render.ts'
import { openScreen } from './screen.ts'
import { lookOnce, watch, type Watched } from './watch.ts'

const help = `wallarx top: shows why an application does not move, or how fast it does

  wallarx top URL...

  URL                  the monitor of an application, such as http://127.0.0.1:9464: what it was given as
                       run({ monitor: { listen } }). Several, for the workers of a cluster

  --token T            the token of the monitor. Default: that of the environment, WALLARX_TOKEN, which others on this
                       machine do not see
  --once               print the tables once, and end
  --help               this text

The first line answers "why is it not moving?". Below, for each pipeline and each step: messages a second and latency,
then state partitions with their hottest keys, checkpoints and shards. On a terminal of 80 columns or more it is redrawn
each second until q or Ctrl-C; elsewhere it is printed once. An application that is restarted comes back by itself.
Exit code: 0, 1 where one of them does not answer, 2 for wrong arguments.`

/** `wallarx top` */
export const top: Command = {
  help,
  run: runTop,
}

async function runTop(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { token: { type: 'string' }, once: { type: 'boolean', default: false } },
  })
  if (positionals.length === 0) throw new UsageError('URL is missing, such as http://127.0.0.1:9464')
  const token = tokenOption(values.token)
  const addresses = positionals.map((text) => monitorAddress(text, token))
  const isTerminal = process.stdout.isTTY && process.env.TERM !== 'dumb'
  return isTerminal && !values.once ? watchAll(addresses) : printOnce(addresses)
}

async function printOnce(addresses: readonly MonitorAddress[]): Promise<number> {
  const { signal } = new AbortController()
  const found = await Promise.all(addresses.map((address) => lookOnce(address, signal)))
  const [first, ...more] = found.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
  if (more.length + 1 === addresses.length && first !== undefined) throw new Failure([first, ...more].join('; '))
  const width = Math.max(leastWidth, process.stdout.columns || leastWidth)
  console.log(render(found, width).join('\n'))
  return first === undefined ? 0 : 1
}

async function watchAll(addresses: readonly MonitorAddress[]): Promise<number> {
  const interrupt = onInterrupt()
  const found: Watched[] = addresses.map((address) => ({ address, report: undefined, problem: undefined }))
  const draw = (): void => {
    screen.draw(render(found, screen.width))
  }
  const screen = openScreen({
    output: process.stdout,
    input: process.stdin.isTTY ? process.stdin : undefined,
    leastWidth,
    onQuit: interrupt.abort,
    onResize: draw,
  })
  const watching = addresses.map((address, index) =>
    watch(
      address,
      (now) => {
        found[index] = now
        draw()
      },
      interrupt.signal,
    ),
  )
  try {
    draw()
    await Promise.all(watching)
  } finally {
    interrupt.abort()
    screen.end()
    interrupt.forget()
  }
  return interrupt.code
}
