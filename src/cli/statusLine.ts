/** A line at the bottom of a terminal that is written again and again while a command works. */
interface StatusLine {
  /** A line of its own, above the status line. */
  print(line: string): void
  /** The status line goes away. Idempotent. */
  end(): void
}

const interval = 200
const clear = '\r\u001b[K'

/**
 * Shows what `render` gives, five times a second; without it, or on a stream that is no terminal, there is no status
 * line.
 */
export function createStatusLine(
  render: (() => string) | undefined,
  stream: NodeJS.WriteStream = process.stderr,
): StatusLine {
  if (render === undefined || !stream.isTTY) {
    return {
      print(line) {
        stream.write(`${line}\n`)
      },
      end: () => undefined,
    }
  }
  const show = (): void => {
    const width = stream.columns || 80 // some terminals say 0
    stream.write(clear + render().slice(0, width - 1)) // a line that wraps could not be written over
  }
  const timer = setInterval(show, interval).unref()
  let ended = false
  return {
    print(line) {
      stream.write(`${clear}${line}\n`)
      if (!ended) show()
    },
    end() {
      if (ended) return
      ended = true
      clearInterval(timer)
      stream.write(clear)
    },
  }
}
