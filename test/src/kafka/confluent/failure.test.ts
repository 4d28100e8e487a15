import { describe, expect, test } from 'vitest'
import { failureOf, noAnswer } from '../../../../src/kafka/confluent/failure.ts'
import type { LibraryError } from '../../../../src/kafka/confluent/library.ts'

const error = (code: number, flags: Partial<LibraryError> = {}): LibraryError =>
  Object.assign(new Error(`says ${code}`), { code, ...flags })

describe('the fault of an error of librdkafka', () => {
  test.each([
    [-144, 'fenced'],
    [47, 'fenced'],
    [90, 'fenced'],
    [22, 'stale'],
    [113, 'stale'],
    [25, 'abort'],
    [45, 'abort'],
    [88, 'pending'],
    [29, 'denied'],
    [53, 'denied'],
    [3, 'missing'],
    [-190, 'missing'],
    [69, 'missing'],
    [36, 'exists'],
    [68, 'occupied'],
    [10, 'too large'],
    [38, 'invalid'],
    [50, 'invalid'],
    [-195, 'unreachable'],
    [-185, 'unreachable'],
    [-140, 'gone'],
    [6, 'again'],
  ])('%i is %s', (code, fault) => {
    expect(failureOf('a call', error(code))).toMatchObject({ name: 'KafkaError', fault, number: code })
  })

  test('its flags decide where its code is not known', () => {
    expect(failureOf('a call', error(1234, { isFatal: true })).fault).toBe('fenced')
    expect(failureOf('a call', error(1234, { isTxnRequiresAbort: true })).fault).toBe('abort')
    expect(failureOf('a call', error(1234, { isRetriable: true })).fault).toBe('again')
    expect(failureOf('a call', error(1234)).fault).toBe('unreachable')
  })

  test('its code decides against its flags', () => {
    expect(failureOf('committing', error(10, { isTxnRequiresAbort: true })).fault).toBe('too large')
    expect(failureOf('sending offsets', error(22, { isFatal: true })).fault).toBe('stale')
  })

  test('the last line of the log says why nobody was reached, and whether we were let in', () => {
    const line = 'Connect to ipv4#127.0.0.1:1 failed: Connection refused'
    expect(failureOf('connecting to a:1', error(-195), line).message).toBe(`connecting to a:1: says -195 (${line})`)
    expect(failureOf('connecting', error(-195), 'SASL authentication error: wrong password')).toMatchObject({
      fault: 'denied',
      message: 'connecting: says -195 (SASL authentication error: wrong password)',
    })
    expect(noAnswer('committing', 100, line)).toMatchObject({
      fault: 'unreachable',
      message: `committing: no answer within 100 ms (${line})`,
    })
  })

  test('the log says nothing of what went wrong elsewhere', () => {
    expect(failureOf('making topic a', error(38), 'Disconnected').message).toBe('making topic a: says 38')
  })
})
