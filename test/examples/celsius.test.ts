import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exampleOverTcp } from '../support/example.ts'
import { frame } from '../support/sockets.ts'

/** `digits` × 2^`exponent`, exactly. */
interface Binary {
  readonly digits: bigint
  readonly exponent: number
}

/** What a float32 of these bits stands for; `undefined` for an infinity or NaN. */
function binaryOf(bits: number): Binary | undefined {
  const exponent = (bits >>> 23) & 0xff
  if (exponent === 0xff) return undefined
  const digits = BigInt(exponent === 0 ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000)
  return { digits: bits >>> 31 === 1 ? -digits : digits, exponent: Math.max(exponent, 1) - 150 }
}

/** `number` ÷ 2^`shift`, to the nearest, halves to the even one. */
function divided(number: bigint, shift: number): bigint {
  if (number < 0n) return -divided(-number, shift)
  const divisor = 1n << BigInt(shift)
  const [whole, rest] = [number / divisor, number % divisor]
  const isUp = 2n * rest > divisor || (2n * rest === divisor && whole % 2n === 1n)
  return whole + (isUp ? 1n : 0n)
}

/** To the 24 digits of a float32, or fewer where it has no lower exponent. */
function rounded({ digits, exponent }: Binary): Binary {
  const length = (digits < 0n ? -digits : digits).toString(2).length
  const shift = Math.max(0, length - 24, -149 - exponent)
  return { digits: divided(digits, shift), exponent: exponent + shift }
}

const factor = binaryOf(0x3fe66666)! // 1.8 as a float32

function timesFactor({ digits, exponent }: Binary): Binary {
  return rounded({ digits: digits * factor.digits, exponent: exponent + factor.exponent })
}

function plus32({ digits, exponent }: Binary): Binary {
  const low = Math.min(exponent, 0)
  return rounded({ digits: (digits << BigInt(exponent - low)) + (32n << BigInt(-low)), exponent: low })
}

/** With six decimals, halves to the even digit. Nothing here uses a number in floating point. */
function decimal({ digits, exponent }: Binary): string {
  const size = digits < 0n ? -digits : digits
  if (size << BigInt(Math.max(exponent, 0)) >= 1n << 128n) return digits < 0n ? '-Inf' : '+Inf'
  const millionths = divided((size * 1_000_000n) << BigInt(Math.max(exponent, 0)), Math.max(-exponent, 0))
  const text = String(millionths).padStart(7, '0')
  return `${digits < 0n ? '-' : ''}${text.slice(0, -6)}.${text.slice(-6)}`
}

function fahrenheit(bits: number): string {
  const celsius = binaryOf(bits)
  if (celsius !== undefined) return decimal(plus32(timesFactor(celsius)))
  if ((bits & 0x7fffff) !== 0) return 'NaN'
  return bits >>> 31 === 1 ? '-Inf' : '+Inf'
}

const bytesOf = (bits: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(bits)
  return bytes
}

// The frames of Wallaroo's documentation and tests, and what its Go application writes for them.
const vectors: [string, string][] = [
  ['0000000400000000', '32.000000'],
  ['0000000442c80000', '212.000000'],
  ['00000004c2200000', '-40.000000'],
  ['0000000442480000', '122.000000'],
  ['0000000442126666', '97.879997'],
  ['000000043a83126f', '32.001801'],
  ['00000004459a107b', '8906.107422'],
]

// Written by Go's own fmt.Sprintf("%.6f") for the same steps: halves, the ends of the range, and no numbers.
const others: [number, string][] = [
  [0xc2149800, '-34.867188'],
  [0xc2120639, '-33.710938'],
  [0xc20f7472, '-32.554688'],
  [0xc1546e39, '8.101562'],
  [0xc14f4aab, '8.679688'],
  [0xc13fe000, '10.414062'],
  [0x7f800000, '+Inf'],
  [0xff800000, '-Inf'],
  [0x7fc00000, 'NaN'],
  [0x80000000, '32.000000'],
  [0x7f7fffff, '+Inf'],
  [0xff7fffff, '-Inf'],
  [0x7e000000, '76563530528970193914092244277422718976.000000'],
  [0x61000000, '265633107624543125504.000000'],
  [0xe0ffffff, '-265633090032357081088.000000'],
  [0x00000001, '32.000000'],
  [0x807fffff, '32.000000'],
]

test('the formula of this test gives what Wallaroo and Go give', () => {
  for (const [bytes, text] of vectors) expect(fahrenheit(parseInt(bytes.slice(8), 16))).toBe(text)
  for (const [bits, text] of others) expect(fahrenheit(bits)).toBe(text)
})

test('converts in float32 step by step and writes six decimals, whatever the float32', async () => {
  const { program, receiver, sender, connect } = await exampleOverTcp('celsius')
  const anyBits = fc.sample(fc.integer({ min: 0, max: 0xffffffff }), { numRuns: 500, seed: 1 })
  const weather = fc.sample(fc.float({ min: -100, max: 100, noNaN: true }), { numRuns: 500, seed: 2 }).map((value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatBE(value)
    return bytes.readUInt32BE()
  })
  const bits = [...others.map(([bits]) => bits), ...anyBits, ...weather]
  for (const [bytes] of vectors) sender.write(Buffer.from(bytes, 'hex'))
  sender.write(Buffer.concat(bits.map((bits) => frame(bytesOf(bits)))))

  const cutOff = await connect()
  cutOff.end(Buffer.from('00000004459a10', 'hex'))
  await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
  sender.write(Buffer.concat([frame(''), frame(bytesOf(0).subarray(1)), frame(bytesOf(0))]))

  const texts = [...vectors.map(([, text]) => text), ...bits.map(fahrenheit), '32.000000']
  const expected = texts.map((text) => `${text}\n`).join('')
  await receiver.until(() => receiver.text().length >= expected.length)
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(receiver.text()).toBe(expected)
  expect(program.stderr()).toMatch(/dead letter FRAME_CUT_OFF: .*connection: 127\.0\.0\.1:\d+\)\n/)
  expect(program.stderr()).toMatch(/dead letter DECODE_FAILED: expected a message in a frame of 0 bytes/)
  expect(program.stderr()).toContain('DECODE_FAILED: 1 more\n')
})
