/** Is each surrogate of the string one of a pair? TypeScript's library of ES2023 does not know this method of Node 20. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
