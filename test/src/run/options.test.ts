import { defer, EMPTY } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { run, type RunOptions } from 'wallarx'

const right: RunOptions = { name: 'test', pipelines: { pipeline: EMPTY }, log: false, handleSignals: false }

describe('the options of run', () => {
  test.each([
    [{ name: '' }, 'name'],
    [{ name: undefined }, 'name'],
    [{ pipelines: {} }, 'pipelines'],
    [{ pipelines: null }, 'pipelines'],
    [{ pipelines: undefined }, 'pipelines'],
    [{ pipelines: { one: EMPTY, two: [1, 2] } }, 'pipelines["two"]'],
    [{ onError: 'ignore' }, 'onError'],
    [{ drainTimeout: -1 }, 'drainTimeout'],
    [{ drainTimeout: Infinity }, 'drainTimeout'],
    [{ drainTimeout: 2 ** 31 }, 'drainTimeout'],
    [{ checkpointInterval: NaN }, 'checkpointInterval'],
  ] as unknown as [Partial<RunOptions>, string][])(
    '%o are refused, and nothing is subscribed to',
    async (wrong, option) => {
      let subscribed = false
      const pipeline = defer(() => {
        subscribed = true
        return EMPTY
      })
      const options = { ...right, pipelines: { pipeline }, ...wrong }
      await expect(run(options)).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        kind: 'misuse',
        message: expect.stringContaining(`${option} to be`),
      })
      expect(subscribed).toBe(false)
    },
  )

  test('need no more than a name and pipelines', async () => {
    const before = process.listenerCount('SIGTERM')
    const app = await run({ name: 'test', pipelines: { pipeline: EMPTY } })
    await app.closed
    expect(app.name).toBe('test')
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })
})
