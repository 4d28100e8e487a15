/** A file of the project: its path from the root, and what is in it. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}
