import type { Observable } from 'rxjs'
import type { ByteSink } from 'wallarx'
import { decode, encode, to, toSink } from 'wallarx/operators'
import { sixDecimals } from './sixDecimals.ts'

// A float32 is rounded after each step, as it is where float32 is a type: in double precision the sum would differ in
// the last digits for one temperature in four.
const multiplyBy18 = { name: 'multiply by 1.8', compute: (value: number) => Math.fround(value * Math.fround(1.8)) }
const add32 = { name: 'add 32', compute: (value: number) => Math.fround(value + 32) }

/**
 * The pipeline: payloads of a float32, big-endian, in; a line with six decimals for each out. A short payload throws.
 */
export const celsius = (payloads: Observable<Buffer>, sink: ByteSink): Observable<never> =>
  payloads.pipe(
    decode((payload) => payload.readFloatBE(0)),
    to(multiplyBy18),
    to(add32),
    encode((fahrenheit) => `${sixDecimals(fahrenheit)}\n`),
    toSink(sink),
  )
