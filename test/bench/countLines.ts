const newline = 0x0a

export function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === newline) lines++
  return lines
}
