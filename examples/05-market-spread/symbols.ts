const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')

/**
 * The symbols that are traded, as keys: `A` to `Z`, then `AA`, `AB` and so on, 350 in all, each at the end of 4 bytes.
 */
export const symbols = [...letters, ...letters.flatMap((first) => letters.map((second) => first + second))]
  .slice(0, 350)
  .map((symbol) => Buffer.from(symbol.padStart(4), 'latin1').readUInt32BE())
