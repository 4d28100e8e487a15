import { from } from 'rxjs'
import { lengthPrefixed, run, utf8 } from 'wallarx'
import { decode, frame } from 'wallarx/operators'
import { createCorpus } from '../corpus.ts'
import type { Trial } from '../trial.ts'

const refusal = new RangeError('no number')

/** Takes no frame. The error is always the same one: what it costs to make one is not ours. */
function refuse(_text: string): never {
  throw refusal
}

/** As bad input at full speed: every frame is refused, under a `run` whose dead letters go to a function. */
function refused(frames: number): Trial {
  const { chunks } = createCorpus(frames)
  return {
    messages: frames,
    async run() {
      let letters = 0
      const numbers = from(chunks).pipe(
        frame(lengthPrefixed(4)),
        decode((bytes) => refuse(utf8.decode(bytes))),
      )
      const { closed } = await run({
        name: 'Refused',
        pipelines: { numbers },
        handleSignals: false,
        log: false,
        monitor: { listen: 0 },
        deadLetters: () => letters++,
      })
      await closed
      if (letters !== frames) throw new Error(`${letters} dead letters of ${frames}`)
    },
  }
}

/** The same texts, each refused and caught by hand. */
function caught(frames: number): Trial {
  const { chunks } = createCorpus(frames)
  return {
    messages: frames,
    run() {
      const letters: unknown[] = []
      const take = (bytes: Buffer): void => {
        try {
          refuse(bytes.toString('utf8'))
        } catch (error) {
          letters[letters.length % 1000] = { error, input: bytes }
        }
      }
      let rest: Buffer = Buffer.alloc(0)
      for (const chunk of chunks) {
        const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
        let at = 0
        while (bytes.length - at >= 4 && bytes.length - at - 4 >= bytes.readUInt32BE(at)) {
          const end = at + 4 + bytes.readUInt32BE(at)
          take(bytes.subarray(at + 4, end))
          at = end
        }
        rest = bytes.subarray(at)
      }
    },
  }
}

/** What it costs to refuse a frame. */
export const deadLetters = { refused, caught }
