/** Text of others as a terminal may have it: on one line, and nothing that the terminal would act on. */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd')

/** At most so many characters of what others have named. */
export function cut(text: string, width: number): string {
  const clean = printable(text)
  return clean.length <= width ? clean : `${clean.slice(0, Math.max(0, width - 1))}…`
}
