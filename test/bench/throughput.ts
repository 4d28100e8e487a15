/** Millions a second, from nanoseconds for each. */
export const millionsPerSecond = (nanoseconds: readonly number[]): number[] => nanoseconds.map((each) => 1000 / each)
