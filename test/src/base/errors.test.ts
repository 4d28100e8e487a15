import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { failureOf, WallarxError } from '../../../src/base/errors.ts'
import { shown } from '../../../src/base/shown.ts'

const where = { pipeline: 'orders', step: 'decode', key: undefined }

test('bad input has no stack, and says all else', () => {
  const limit = Error.stackTraceLimit
  const cause = new RangeError('no order')
  const error = failureOf('DECODE_FAILED', 'an order', cause, where)
  expect(error.stack).not.toMatch(/\n +at /)
  expect(error).toMatchObject({
    code: 'DECODE_FAILED',
    kind: 'bad input',
    where,
    cause,
    message: 'expected an order, got RangeError: no order (pipeline: orders, step: decode)',
  })
  expect(inspect(error)).toContain('errors.test.ts') // the stack of the cause
  expect(Error.stackTraceLimit).toBe(limit)
})

test('errors of user code and misuse have one', () => {
  for (const code of ['COMPUTATION_FAILED', 'OPTION_INVALID'] as const) {
    expect(new WallarxError(code, { expected: 'one', got: 'two' }).stack).toContain('errors.test.ts')
  }
})

test('a program that froze Error can have bad input', () => {
  const program = `
    Object.freeze(Error)
    const { WallarxError } = await import('wallarx')
    console.log(new WallarxError('DECODE_FAILED', { expected: 'one', got: 'two' }).message)`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(printed).toBe('expected one, got two\n')
})

test('bytes are shown by the first sixteen', () => {
  expect(shown(Uint8Array.of(0, 10, 255))).toBe('3 bytes <000aff>')
  expect(shown(new Uint8Array(17))).toBe(`17 bytes <${'00'.repeat(16)}…>`)
})
