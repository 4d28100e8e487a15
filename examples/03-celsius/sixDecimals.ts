/** A float32 as `%.6f` writes it in Go and C, digit by digit. */
export function sixDecimals(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  const size = Math.abs(value)
  if (size === Infinity) return value > 0 ? '+Inf' : '-Inf'
  if (size >= 1e21) return `${BigInt(value)}.000000` // where toFixed begins to write an exponent
  // Halfway between two is what has seven decimals, an odd number of 128ths. toFixed rounds it up, and they to an even
  // digit.
  const seven = value.toFixed(7)
  return size % (1 / 64) === 1 / 128 && /[02468]5$/.test(seven) ? seven.slice(0, -1) : value.toFixed(6)
}
