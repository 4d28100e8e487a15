/** Lets the event loop turn so many times: what was about to happen, without waiting for the world, has happened then. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
