/**
 * The word count application at work, in one command: `npm start`. It keeps its counts, and the next start goes on from
 * them; a page shows it while it runs.
 *
 *   this process ── lines of a text, over TCP ──> the application ── counts, over TCP ──> this process
 */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startApplication, type Application } from './start/application.ts'
import { bar } from './start/bar.ts'
import { connect } from './start/connect.ts'
import { differences } from './start/differences.ts'
import { earlierCounts } from './start/earlierCounts.ts'
import { expectedCounts } from './start/expectedCounts.ts'
import { keepOpen } from './start/keepOpen.ts'
import { showProgress } from './start/progress.ts'
import { startReceiver } from './start/receiver.ts'
import { sendRounds } from './start/sendRounds.ts'
import { portOf, removeState } from './start/stateDirectory.ts'

const help = `Runs the word count application on a text, sent again and again, and shows what it counts.

  npm start
  npm start -- --seconds 30

  --seconds N    how long to send. Default: 5
  --state DIR    where the application keeps its counts, to go on from them. Default: .data/word-count
  --fresh        forget them and begin anew
  --stay         keep the application, and its page, until Ctrl-C. Default: on a terminal
  --help         this text`

const river = new URL('./data/river.txt', import.meta.url)
const defaultState = fileURLToPath(new URL('../.data/word-count', import.meta.url))
const stallTime = 30_000

interface StartOptions {
  readonly seconds: number
  /** The directory of the application's state. */
  readonly state: string
  /** Whether to forget it first. */
  readonly fresh: boolean
  /** Whether to go on until it is interrupted. */
  readonly stay: boolean
}

async function start(options: StartOptions, interrupt: AbortSignal): Promise<void> {
  if (options.fresh) await removeState(options.state)
  // What an application that was killed had received and not yet counted is counted first, by a start of its own.
  while ((await startOnce(options, interrupt)) === 'caught up') {
    interrupt.throwIfAborted()
    console.log('application  has counted what it had received before it was interrupted; starts again\n')
  }
}

async function startOnce(
  { seconds, state, stay }: StartOptions,
  interrupt: AbortSignal,
): Promise<'caught up' | 'done'> {
  const text = readFileSync(river, 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  const expected = expectedCounts(text)
  const inOneRound = [...expected.values()].reduce((sum, count) => sum + count)

  let application: Application | undefined
  let endProgress = (): void => undefined
  let watch: NodeJS.Timeout | undefined
  const over = new AbortController()
  const signal = AbortSignal.any([interrupt, over.signal])
  /** Rejects with what goes wrong meanwhile: an interrupt, the end of the application, bad output, a standstill. */
  let fail: (error: Error) => void
  const trouble = new Promise<never>((_, reject) => (fail = reject))
  trouble.catch(() => undefined)
  interrupt.addEventListener('abort', () => fail(interrupt.reason))

  const { received, port, app, expectAfter } = await startReceiver((error) => fail(error))
  try {
    const listen = await portOf(state)
    console.log(`receiver     listens on 127.0.0.1:${port}`)
    const reading = earlierCounts(state)
    reading.catch(() => undefined)
    application = startApplication({ listen, connect: port, state })
    const running = application
    void running.ended.then((how) => {
      fail(new Error(`the application ended with ${how} in the middle of its work\n${running.complaint}`))
    })
    const socket = await Promise.race([connect(listen, signal), trouble])
    const earlier = await Promise.race([reading, trouble])
    await delay(50) // what it wrote before it listened has come by then
    if (running.complaint.includes('frames were replayed')) {
      socket.destroy()
      const how = await running.stop()
      if (how !== 0) throw new Error(`the application ended with ${how}, expected 0\n${running.complaint}`)
      return 'caught up'
    }
    expectAfter(earlier)
    console.log(`application  listens on 127.0.0.1:${listen}, keeps its counts in ${relative('.', state) || '.'}`)
    console.log(`             shows itself at ${running.page}`)
    if (earlier.size > 0) {
      const words = [...earlier.values()].reduce((sum, count) => sum + count)
      console.log(`             goes on from ${show(words)} words counted before; --fresh would begin anew`)
    }
    console.log(
      `sender       sends ${lines.length} lines of examples/data/river.txt again and again for ${seconds} s\n`,
    )
    const lost = async (error: Error): Promise<never> => {
      // Where the application has ended, that is the reason to tell.
      await Promise.race([running.ended, delay(1000, undefined, { ref: false })])
      fail(new Error(`the connection to the application was lost: ${error.message}`))
      return trouble
    }
    socket.on('error', (error) => void lost(error).catch(() => undefined))

    const began = performance.now()
    endProgress = showProgress({ seconds, words: () => received.words })
    const sending = sendRounds(socket, lines, { seconds, signal }).catch(lost)
    const rounds = await Promise.race([sending, trouble])
    const total = rounds * inOneRound
    const allReceived = new Promise<void>((resolve) => {
      let seen = received.words
      let since = performance.now()
      watch = setInterval(() => {
        if (received.words >= total) resolve()
        else if (received.words > seen) [seen, since] = [received.words, performance.now()]
        else if (performance.now() - since > stallTime) {
          fail(new Error(`nothing came for 30 s, after ${show(seen)} of ${show(total)} words\n${running.complaint}`))
        }
      }, 10)
    })
    await Promise.race([allReceived, trouble])
    const took = (performance.now() - began) / 1000
    endProgress()
    clearInterval(watch)

    if (!stay) {
      // A count too many comes before the application has ended.
      const how = await running.stop()
      if (how !== 0) throw new Error(`the application ended with ${how}, expected 0\n${running.complaint}`)
      await app.close()
    }
    const wrong = differences({ counts: received.counts, earlier, expected, rounds })
    if (received.words !== total) wrong.unshift(`words: expected ${total}, got ${received.words}`)
    if (wrong.length > 0) throw new Error(`the counts are wrong\n${wrong.slice(0, 10).join('\n')}`)
    report(received.counts, {
      words: total,
      messages: rounds * lines.length,
      seconds: took,
      wentOn: earlier.size > 0,
      state: relative('.', state) || '.',
    })
    if (stay) {
      console.log(`\nIt goes on with ten lines a second, until Ctrl-C. To see it: ${running.page}`)
      await Promise.race([keepOpen(listen, lines, signal), trouble]).catch((error: unknown) => {
        if (!interrupt.aborted) throw error
      })
    }
    return 'done'
  } finally {
    endProgress()
    clearInterval(watch)
    over.abort()
    await application?.stop() // before the receiver, so that it can hand over what it has
    await app.close().catch(() => undefined) // what goes wrong is told already
  }
}

const show = (number: number): string => Math.round(number).toLocaleString('en-US')

interface Done {
  readonly words: number
  readonly messages: number
  readonly seconds: number
  /** Whether there were counts before. */
  readonly wentOn: boolean
  readonly state: string
}

function report(counts: ReadonlyMap<string, number>, { words, messages, seconds, wentOn, state }: Done): void {
  const since = wentOn ? ', on top of the counts from before' : ''
  console.log(`\ncounts verified: ${counts.size} words, each counted as often as it stands in what was sent${since}\n`)
  const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 10)
  const most = top[0]![1]
  for (const [word, count] of top)
    console.log(`  ${word.padEnd(8)}${show(count).padStart(9)}  ${bar(count / most, 40)}`)
  console.log(`
${show(messages)} messages, ${show(words)} words in ${seconds.toFixed(1)} s:
  ${show(messages / seconds)} messages/s in
  ${show(words / seconds)} words/s counted, each in memory and on its way out

What it keeps, from which the next npm start goes on:
  npx wallarx state ${state}

To try it by hand, in three terminals:
  npx wallarx receive 127.0.0.1:7002
  npm run word-count -- --in 127.0.0.1:7010 --out 127.0.0.1:7002
  npx wallarx send 127.0.0.1:7010 examples/data/river.txt`)
}

/** Runs it once; resolves to the exit code. */
async function main(): Promise<number> {
  const interrupt = new AbortController()
  let code = 0
  let asked: number | undefined // when
  for (const [name, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(name, () => {
      // A Ctrl-C comes from the terminal and once more from npm, which passes it on.
      if (asked !== undefined && performance.now() - asked > 500) process.exit(code)
      if (asked !== undefined) return
      asked = performance.now()
      code = 128 + number
      interrupt.abort()
    })
  }
  let unread = false
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      unread = true // whoever read what we print, such as head, has seen enough
      interrupt.abort()
    })
  }
  const options = optionsWanted()
  if ('exitCode' in options) return options.exitCode
  try {
    await start(options, interrupt.signal)
    return 0
  } catch (error) {
    if (!interrupt.signal.aborted) {
      console.error(`start: ${error instanceof Error ? error.message : String(error)}`)
      return 1
    }
    if (!unread) console.error('stopped; nothing is left running')
  }
  return code
}

/** Reads the arguments. Where that is all there is to do, the exit code. */
function optionsWanted(): StartOptions | { readonly exitCode: number } {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '5' },
        state: { type: 'string', default: defaultState },
        fresh: { type: 'boolean', default: false },
        stay: { type: 'boolean', default: process.stdout.isTTY },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      console.log(help)
      return { exitCode: 0 }
    }
    const seconds = Number(values.seconds)
    if (!(seconds > 0 && seconds <= 86_400))
      throw new TypeError(`--seconds wants a number above 0, not "${values.seconds}"`)
    if (values.state === '') throw new TypeError('--state wants the path of a directory')
    return { seconds, state: resolve(values.state), fresh: values.fresh, stay: values.stay }
  } catch (error) {
    console.error(`start: ${(error as Error).message}. Try npm start -- --help`)
    return { exitCode: 2 }
  }
}

process.exitCode = await main()
