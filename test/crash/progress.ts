import { bar } from '../../examples/start/bar.ts'

/** Shows how far it is: a bar on a terminal, a line for each tenth elsewhere. The result is called after each step. */
export function showProgress(name: string, steps: number): () => void {
  const { stdout } = process
  let done = 0
  return () => {
    done++
    const numbers = `${name}  ${done} of ${steps}`
    if (stdout.isTTY) {
      stdout.write(`\r\u001b[K[${bar(done / steps, 30).padEnd(30, '.')}] ${numbers}${done === steps ? '\n' : ''}`)
    } else if (done === steps || Math.floor((10 * done) / steps) > Math.floor((10 * (done - 1)) / steps)) {
      console.log(numbers)
    }
  }
}
