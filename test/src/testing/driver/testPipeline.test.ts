import { spawnSync } from 'node:child_process'
import { bufferCount, debounceTime, mergeMap, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { lengthPrefixed, statePartition, StateMap, utf8, WallarxError } from 'wallarx'
import { decode, encode, frame, to, toStatePartition } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'
import { counting, letterCounts, type Count } from './letters.ts'

const a = 'a'.charCodeAt(0)

describe('input and output', () => {
  test('a synchronous pipeline has given its outputs when send returns', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    driver.send('a', 'b')
    expect(driver.read()).toEqual(['a 1', 'b 1'])
    driver.send('a')
    expect(driver.read()).toEqual(['a 2'])
    expect(driver.outputs()).toEqual(['a 1', 'b 1', 'a 2'])
  })

  test('chunks of bytes are cut into frames, wherever they were cut', async () => {
    await using driver = await testPipeline((frames: Observable<Buffer>) => frames.pipe(decode(utf8)), {
      framing: lengthPrefixed(1),
    })
    driver.sendBytes(Buffer.from([2, 65]))
    expect(driver.read()).toEqual([])
    driver.sendBytes(Buffer.from([66, 0, 1]), Buffer.from([67]))
    expect(driver.read()).toEqual(['AB', '', 'C'])
  })

  test('a crash inside a frame replays the frame from its beginning', async () => {
    await using driver = await testPipeline((frames: Observable<Buffer>) => frames.pipe(decode(utf8)), {
      framing: lengthPrefixed(1),
    })
    driver.sendBytes(Buffer.from([1, 65, 2, 66]))
    await driver.checkpoint()
    driver.sendBytes(Buffer.from([67]))
    await driver.restart()
    expect(driver.outputs()).toEqual(['A', 'BC', 'BC'])
    driver.sendBytes(Buffer.from([1, 68]))
    await driver.end()
    expect(driver.outputs()).toEqual(['A', 'BC', 'BC', 'D'])
  })

  test('outputs are the bytes that encode gives', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(encode((word) => `${word}\n`)))
    driver.send('ä')
    expect(driver.read()).toEqual([Buffer.from('ä\n')])
  })

  test('bad input is a dead letter', async () => {
    await using driver = await testPipeline((frames: Observable<Buffer>) =>
      frames.pipe(
        decode((bytes) => {
          if (bytes.length === 0) throw new RangeError('empty')
          return bytes.length
        }),
      ),
    )
    driver.send(Buffer.from('a'), Buffer.alloc(0), Buffer.from('bc'))
    expect(driver.read()).toEqual([1, 2])
    expect(driver.deadLetters()).toMatchObject([{ error: { code: 'DECODE_FAILED' }, input: Buffer.alloc(0) }])
    expect(driver.status().pipelines).toMatchObject({ pipeline: { deadLetters: 1 } })
  })

  test('user code that throws makes send throw, and with onError skip a dead letter', async () => {
    const half = (messages: Observable<number>) =>
      messages.pipe(
        to((n: number) => {
          if (n % 2 === 1) throw new RangeError(`${n} is odd`)
          return n / 2
        }),
      )
    await using failing = await testPipeline(half)
    expect(() => failing.send(2, 3, 4)).toThrow('3 is odd')
    await expect(failing.end()).rejects.toThrow(WallarxError)
    await expect(failing.restart(), 'the message is replayed').rejects.toThrow('3 is odd')
    await using skipping = await testPipeline(half, { onError: 'skip' })
    skipping.send(2, 3, 4)
    expect(skipping.read()).toEqual([1, 2])
    expect(skipping.deadLetters()).toHaveLength(1)
  })

  test('a source that fails fails the pipeline', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    driver.fail(new Error('cable'))
    expect(() => driver.send('a')).toThrow('cable')
    await expect(driver.settle()).rejects.toThrow('cable')
  })

  test('what begins later begins with later', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(bufferCount(2)))
    driver.send('a', 'b', 'c')
    expect(driver.read()).toEqual([['a', 'b']])
    await driver.end()
    expect(driver.read()).toEqual([['c']])
  })

  test('misuse is told', async () => {
    await expect(testPipeline({})).rejects.toThrow('at least one')
    await using driver = await testPipeline(counting(letterCounts()))
    expect(() => driver.sendBytes(Buffer.from('a'))).toThrow('framing')
    expect(() => driver.advance(-1)).toThrow('milliseconds')
    await driver.crash()
    expect(() => driver.entity(letterCounts(), 1)).toThrow('crashed')
    await driver.close()
    expect(() => driver.send('a')).toThrow('closed')
    await expect(driver.restart()).rejects.toThrow('closed')
  })
})

describe('state, checkpoints and crashes', () => {
  test('an entity can be looked into, and all of them', async () => {
    const counts = letterCounts()
    await using driver = await testPipeline(counting(counts))
    driver.send('a', 'b', 'a')
    expect(driver.entity(counts, a)).toEqual({ count: 2 })
    expect(driver.entity(counts, 7n)).toBe(undefined)
    expect(driver.entities(counts)).toEqual(
      new Map([
        [97n, { count: 2 }],
        [98n, { count: 1 }],
      ]),
    )
  })

  test('a crash loses what came after the checkpoint, and a restart replays it', async () => {
    const counts = letterCounts()
    await using driver = await testPipeline(counting(counts))
    driver.send('a')
    await driver.checkpoint()
    driver.send('a', 'b')
    await driver.crash()
    driver.send('a') // sent while nobody is there
    expect(driver.waiting).toBe(4)
    await driver.restart()
    expect(driver.entity(counts, a)).toEqual({ count: 3 })
    expect(driver.outputs()).toEqual(['a 1', 'a 2', 'b 1', 'a 2', 'b 1', 'a 3'])
  })

  test('with a sink that is exactly once, outputs that come again are taken back', async () => {
    await using driver = await testPipeline(counting(letterCounts()), { delivery: 'exactly once' })
    driver.send('a')
    await driver.checkpoint()
    driver.send('a', 'b')
    expect(driver.read()).toHaveLength(3)
    await driver.restart()
    expect(driver.outputs()).toEqual(['a 1', 'a 2', 'b 1'])
    expect(driver.read()).toEqual(['a 2', 'b 1'])
  })

  test('without a checkpoint everything is replayed', async () => {
    const counts = letterCounts()
    await using driver = await testPipeline(counting(counts))
    driver.send('a', 'a')
    await driver.restart()
    expect(driver.entity(counts, a)).toEqual({ count: 2 })
    expect(driver.outputs()).toEqual(['a 1', 'a 2', 'a 1', 'a 2'])
  })

  test('an entity that is only in the store is seen, StateMaps too', async () => {
    const words = statePartition('words', {
      key: (word: string) => word.length,
      build: () => new StateMap<string, number>(),
    })
    await using driver = await testPipeline((input: Observable<string>) =>
      input.pipe(toStatePartition((word, map) => [undefined, map.set(word, (map.get(word) ?? 0) + 1) === map], words)),
    )
    driver.send('to', 'be', 'to', 'not')
    await driver.checkpoint()
    await driver.restart()
    expect(driver.status().partitions).toEqual({ words: { entities: 0 } })
    expect([...driver.entities(words).keys()]).toEqual([2n, 3n])
    expect([...driver.entity(words, 2)!]).toEqual([
      ['to', 2],
      ['be', 1],
    ])
    driver.send('to')
    expect(driver.entity(words, 2)!.get('to')).toBe(3)
  })

  test('state can be looked into after the end', async () => {
    const counts = letterCounts()
    await using driver = await testPipeline(counting(counts))
    driver.send('a')
    await driver.checkpoint()
    await driver.restart()
    await driver.end()
    expect(driver.entity(counts, a)).toEqual({ count: 1 })
    expect(driver.status().lifecycle).toBe('closed')
  })

  test('a stop takes a last checkpoint, so that a restart repeats nothing', async () => {
    const counts = letterCounts()
    await using driver = await testPipeline(counting(counts))
    driver.send('a')
    await driver.stop()
    await driver.restart()
    driver.send('a')
    expect(driver.outputs()).toEqual(['a 1', 'a 2'])
  })

  test('a restart with another program migrates its state', async () => {
    const before = letterCounts()
    const after = statePartition('letters', {
      key: (word: string) => word.charCodeAt(0),
      build: () => 0n,
      version: 2,
      migrate: (state) => BigInt((state as Count).count),
    })
    await using driver = await testPipeline(counting(before))
    driver.send('a', 'a')
    await driver.checkpoint()
    await driver.restart((words) =>
      words.pipe(toStatePartition((word, total) => [`${word} was ${total}`, false], after)),
    )
    driver.send('a')
    expect(driver.outputs()).toEqual(['a 1', 'a 2', 'a was 2'])
  })

  test('a state that cannot be packed makes the checkpoint reject', async () => {
    const counts = statePartition('bad', { key: (n: number) => n, build: () => ({ f: () => 0 }) })
    await using driver = await testPipeline((input: Observable<number>) =>
      input.pipe(toStatePartition(() => [1, true], counts)),
    )
    driver.send(1)
    await expect(driver.checkpoint()).rejects.toMatchObject({ code: 'STATE_NOT_SERIALIZABLE' })
  })

  test('what an operator keeps back across a checkpoint is lost in a crash', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(bufferCount(2)))
    driver.send('a')
    await driver.checkpoint()
    await driver.restart()
    driver.send('b', 'c')
    expect(driver.outputs()).toEqual([['b', 'c']])
  })

  test('two drivers of one state partition at a time are one too many', async () => {
    const counts = letterCounts()
    const driver = await testPipeline(counting(counts))
    await expect(testPipeline(counting(counts))).rejects.toMatchObject({ code: 'STATE_PARTITION_IN_USE' })
    await driver.close()
    await (await testPipeline(counting(counts))).close()
  })
})

describe('several pipelines', () => {
  test('share their state partitions, and crash together', async () => {
    const prices = statePartition('prices', { build: () => ({ price: 0 }) })
    interface Quote {
      readonly symbol: number
      readonly price: number
    }
    const market = {
      'market data': (quotes: Observable<Quote>) =>
        quotes.pipe(
          toStatePartition(({ price }, state) => [undefined, ((state.price = price), true)], prices, {
            key: ({ symbol }) => symbol,
          }),
        ),
      orders: (symbols: Observable<number>) =>
        symbols.pipe(
          toStatePartition((symbol, { price }) => [`${symbol}: ${price}`, false], prices, { key: (symbol) => symbol }),
        ),
    }
    await using driver = await testPipeline(market)
    const { orders, 'market data': quotes } = driver.pipelines
    quotes.send({ symbol: 1, price: 10 })
    await driver.checkpoint()
    await driver.restart()
    orders.send(1, 2)
    expect(orders.outputs()).toEqual(['1: 10', '2: 0'])
    expect(orders.waiting).toBe(0)
    expect(driver.entity(prices, 1)).toEqual({ price: 10 })
    await driver.end()
    expect(driver.status().lifecycle).toBe('closed')
  })
})

test('a pipeline may cut its bytes by itself, and mergeMap may lead anywhere', async () => {
  await using driver = await testPipeline((chunks: Observable<Uint8Array>) =>
    chunks.pipe(
      frame(lengthPrefixed(1)),
      mergeMap(async (bytes) => String(bytes)),
    ),
  )
  driver.send(Buffer.from([1, 65, 1]), Buffer.from([66]))
  await driver.end()
  expect(driver.outputs()).toEqual(['A', 'B'])
})

test('a stop in order can be asked for, and settle can fire every timer', async () => {
  await using driver = await testPipeline((words: Observable<string>) => words.pipe(debounceTime(1000)))
  driver.send('a')
  await driver.settle()
  expect(driver.read()).toEqual([])
  await driver.settle({ timers: true })
  expect(driver.read()).toEqual(['a'])
  expect(driver.now).toBe(1000)
  await driver.stop()
  expect(driver.status().lifecycle).toBe('closed')
})

test('states leaves out entities that are as they were built', async () => {
  const counts = letterCounts()
  await using driver = await testPipeline((words: Observable<string>) =>
    words.pipe(toStatePartition((word, state) => [undefined, word === 'b' && ++state.count > 0], counts)),
  )
  driver.send('a', 'b')
  expect(driver.entities(counts).size).toBe(2)
  expect(driver.states()).toEqual({ letters: new Map([[98n, { count: 1 }]]) })
})

test('a driver that nobody closes lets the process end, without a word', () => {
  const program = `
    import { testPipeline } from 'wallarx/testing'
    import { statePartition } from 'wallarx'
    import { toState } from 'wallarx/operators'
    import { interval, merge } from 'rxjs'
    const sum = statePartition('sum', { build: () => ({ n: 0 }) })
    const counting = toState((n, state) => [++state.n, true], sum)
    const driver = await testPipeline((numbers) => merge(numbers, interval(10)).pipe(counting))
    driver.send(1)
    driver.advance(1000)
    await driver.checkpoint()
    console.log(driver.outputs().length)
  `
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 15_000,
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '101\n', stderr: '' })
})
