/** Takes a piece of output; the pieces in order are the output. */
export type Take = (bytes: Buffer) => void

/** A word count from chunks of framed text to lines of output. Finished when what it returns resolves. */
export type Contender = (chunks: Iterable<Buffer>, take: Take) => Promise<void>

/** All contenders gather text up to this length before they make bytes of it. */
export const gatherLength = 32 * 1024
