/** A terminal that is redrawn as a whole. */
interface Screen {
  /** At least 80. */
  readonly width: number
  /** Draws these lines from the top on; what does not fit below is left out, and said. */
  draw(lines: readonly string[]): void
  /** The terminal is as it was before. Idempotent. */
  end(): void
}

interface ScreenOptions {
  readonly output: NodeJS.WriteStream
  /** For keys; `undefined` where they come from no terminal. */
  readonly input: NodeJS.ReadStream | undefined
  readonly leastWidth: number
  /** `q` or Ctrl-C was pressed. */
  readonly onQuit: () => void
  readonly onResize: () => void
}

const escape = '\u001b['
/** Another page, without cursor, where a line that is too long is cut. */
const begin = `${escape}?1049h${escape}?25l${escape}?7l`
const finish = `${escape}?7h${escape}?25h${escape}?1049l`
const home = `${escape}H`
const clearLine = `${escape}K`
const clearBelow = `${escape}J`

export function openScreen({ output, input, leastWidth, onQuit, onResize }: ScreenOptions): Screen {
  const onKeys = (keys: Buffer): void => {
    if (keys.includes('q') || keys.includes('\u0003')) onQuit()
  }
  output.write(begin)
  output.on('resize', onResize)
  input?.setRawMode(true)
  input?.on('data', onKeys)
  let ended = false
  return {
    get width() {
      return Math.max(leastWidth, output.columns || leastWidth) // some terminals say 0
    },
    draw(lines) {
      if (ended || output.writableNeedDrain) return // a terminal that is slow gets the next one
      const height = Math.max(2, output.rows || 24)
      const isCut = lines.length > height
      const shown = isCut ? [...lines.slice(0, height - 1), `… ${lines.length - height + 1} lines more`] : lines
      output.write(home + shown.map((line) => line + clearLine).join('\r\n') + clearBelow)
    },
    end() {
      if (ended) return
      ended = true
      output.off('resize', onResize)
      input?.off('data', onKeys)
      input?.setRawMode(false)
      input?.pause()
      output.write(finish)
    },
  }
}
