/** The chunks as what is read asynchronously is: one promise for each. */
export async function* asyncChunks(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}
