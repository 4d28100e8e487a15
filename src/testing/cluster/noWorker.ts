/** Nobody is there any more to process what was sent. */
export class NoWorker extends Error {
  override readonly name = 'NoWorker'

  constructor() {
    super('no worker is there to process what was sent')
  }
}
