import { from, of, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toWebStream } from '../../../src/bridge/webStream.ts'
import { fromWebStream } from '../../../src/source/webStream.ts'
import { turn } from '../../operators/asynchronousSteps.ts'
import { gather } from '../../operators/gather.ts'
import { bridges } from './bridges.ts'

bridges('toWebStream', { make: toWebStream, ahead: 0 })

describe('toWebStream', () => {
  test('lets go of the pipeline when it is cancelled while a read waits', async () => {
    const subject = new Subject<number>()
    const reader = toWebStream(subject).getReader()
    const read = reader.read()
    await turn()
    expect(subject.observed).toBe(true)
    await reader.cancel()
    expect(await read).toEqual({ done: true, value: undefined })
    expect(subject.observed).toBe(false)
  })

  test('is a body of a Response', async () => {
    const encoded = toWebStream(of('grüße', ' und küsse')).pipeThrough(new TextEncoderStream())
    expect(await new Response(encoded).text()).toBe('grüße und küsse')
  })

  test('and back again by fromWebStream loses nothing', async () => {
    const numbers = [...Array(2000).keys()]
    expect(await gather(fromWebStream(toWebStream(from(numbers))))).toEqual({ messages: numbers })
  })
})
