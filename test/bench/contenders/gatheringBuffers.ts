import { gatherLength, type Take } from './contender.ts'

/** Pulls pieces of output one by one, and hands them on in larger ones. */
export async function gatheringBuffers(pieces: AsyncIterable<Buffer>, take: Take): Promise<void> {
  let gathered: Buffer[] = []
  let length = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    length += piece.length
    if (length < gatherLength) continue
    take(Buffer.concat(gathered, length))
    gathered = []
    length = 0
  }
  if (length > 0) take(Buffer.concat(gathered, length))
}
