import { expect, test } from 'vitest'
import { inTime } from '../../../../src/testing/law/inTime.ts'

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })
const late = () => new Error('late')

test('gives what the work gives', async () => {
  expect(await inTime(1000, () => 7, late)).toBe(7)
  await expect(inTime(1000, () => Promise.reject(new Error('its own')), late)).rejects.toThrow('its own')
})

test('what waits for ever is late', async () => {
  await expect(inTime(20, () => new Promise(() => undefined), late)).rejects.toThrow('late')
})

test('what works for ever is late', async () => {
  let isOver = false
  const work = async () => {
    while (!isOver) await turn()
  }
  await expect(inTime(20, work, late)).rejects.toThrow('late')
  isOver = true
})

test('time that the process does not get does not count', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4))
  const work = async () => {
    for (let times = 0; times < 20; times++) {
      Atomics.wait(word, 0, 0, 40) // neither works nor waits for an event, as where others have the processor
      await turn()
    }
    return 'done'
  }
  expect(await inTime(300, work, late)).toBe('done')
})
