/**
 * The word count application at work, in one command: `npm start`.
 *
 *   this process ── lines of a text, over TCP ──> the application ── counts, over TCP ──> this process
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startApplication, type Application } from './start/application.ts'
import { bar } from './start/bar.ts'
import { connect } from './start/connect.ts'
import { differences } from './start/differences.ts'
import { expectedCounts } from './start/expectedCounts.ts'
import { freePort } from './start/freePort.ts'
import { showProgress } from './start/progress.ts'
import { startReceiver } from './start/receiver.ts'
import { sendRounds } from './start/sendRounds.ts'

const help = `Runs the word count application on a text, sent again and again, and shows what it counts.

  npm start
  npm start -- --seconds 30

  --seconds N    how long to send. Default: 5
  --help         this text`

const river = new URL('./data/river.txt', import.meta.url)
const stallTime = 30_000

async function start(seconds: number, interrupt: AbortSignal): Promise<void> {
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

  const { received, port, app } = await startReceiver((error) => fail(error))
  try {
    const listen = await freePort()
    console.log(`receiver     listens on 127.0.0.1:${port}`)
    application = startApplication({ listen, connect: port })
    const running = application
    void running.ended.then((how) => {
      fail(new Error(`the application ended with ${how} in the middle of its work\n${running.complaint}`))
    })
    const socket = await Promise.race([connect(listen, signal), trouble])
    console.log(`application  listens on 127.0.0.1:${listen}`)
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

    // A count too many comes before the application has ended.
    const how = await running.stop()
    if (how !== 0) throw new Error(`the application ended with ${how}, expected 0\n${running.complaint}`)
    await app.close()
    const wrong = differences(received.counts, expected, rounds)
    if (received.words !== total) wrong.unshift(`words: expected ${total}, got ${received.words}`)
    if (wrong.length > 0) throw new Error(`the counts are wrong\n${wrong.slice(0, 10).join('\n')}`)
    report(received.counts, { words: total, messages: rounds * lines.length, seconds: took })
  } finally {
    endProgress()
    clearInterval(watch)
    over.abort()
    await application?.stop() // before the receiver, so that it can hand over what it has
    await app.close().catch(() => undefined) // what goes wrong is told already
  }
}

const show = (number: number): string => Math.round(number).toLocaleString('en-US')

function report(
  counts: ReadonlyMap<string, number>,
  { words, messages, seconds }: { words: number; messages: number; seconds: number },
): void {
  console.log(`\ncounts verified: ${counts.size} words, each counted as often as it stands in what was sent\n`)
  const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 10)
  const most = top[0]![1]
  for (const [word, count] of top)
    console.log(`  ${word.padEnd(8)}${show(count).padStart(9)}  ${bar(count / most, 40)}`)
  console.log(`
${show(messages)} messages, ${show(words)} words in ${seconds.toFixed(1)} s:
  ${show(messages / seconds)} messages/s in
  ${show(words / seconds)} words/s counted, each in memory and on its way out

To try it by hand, in three terminals:
  npx wallarx receive 127.0.0.1:7002
  npm run word-count -- --in 127.0.0.1:7010 --out 127.0.0.1:7002
  npx wallarx send 127.0.0.1:7010 examples/data/river.txt`)
}

/** Runs it once; resolves to the exit code. */
async function main(): Promise<number> {
  const interrupt = new AbortController()
  let code = 0
  for (const [name, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(name, () => {
      if (code !== 0) process.exit(code) // asked twice
      code = 128 + number
      interrupt.abort()
    })
  }
  const seconds = secondsWanted()
  if (typeof seconds !== 'number') return seconds.exitCode
  try {
    await start(seconds, interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted) {
      console.error(`start: ${error instanceof Error ? error.message : String(error)}`)
      return 1
    }
    console.error('stopped; nothing is left running')
  }
  return code
}

/** Reads the arguments. Where that is all there is to do, the exit code. */
function secondsWanted(): number | { readonly exitCode: number } {
  try {
    const { values } = parseArgs({
      options: { seconds: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help === true) {
      console.log(help)
      return { exitCode: 0 }
    }
    const seconds = Number(values.seconds)
    if (!(seconds > 0 && seconds <= 86_400))
      throw new TypeError(`--seconds wants a number above 0, not "${values.seconds}"`)
    return seconds
  } catch (error) {
    console.error(`start: ${(error as Error).message}. Try npm start -- --help`)
    return { exitCode: 2 }
  }
}

process.exitCode = await main()
