import { bar } from './bar.ts'

interface ProgressOptions {
  /** How long it is going to take. */
  readonly seconds: number
  /** Words counted so far. */
  readonly words: () => number
}

/** Shows how far it is: on a terminal a bar that is redrawn, elsewhere a line each second. The result ends it. */
export function showProgress({ seconds, words }: ProgressOptions): () => void {
  const { stdout } = process
  const start = performance.now()
  const elapsed = (): number => (performance.now() - start) / 1000
  const share = (): number => Math.min(1, elapsed() / seconds)
  const numbers = (): string => {
    const percent = String(Math.floor(100 * share())).padStart(3)
    return `${percent} %  ${show(words())} words  ${show(words() / Math.max(0.001, elapsed()))} words/s`
  }
  const redraw = (): void => void stdout.write(`\r\u001b[K[${bar(share(), 30).padEnd(30, '.')}] ${numbers()}`)
  const timer = stdout.isTTY ? setInterval(redraw, 100) : setInterval(() => console.log(numbers()), 1000)
  let ended = false
  return () => {
    if (ended) return
    ended = true
    clearInterval(timer)
    if (!stdout.isTTY) return
    redraw()
    stdout.write('\n')
  }
}

const show = (number: number): string => Math.round(number).toLocaleString('en-US')
