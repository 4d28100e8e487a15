import type { SourceFile } from './sourceFile.ts'

/** A room, and the sentence it opens with; `undefined` where there is none. */
export interface Room {
  readonly path: string
  readonly sentence: string | undefined
}

/**
 * Every folder with code of the product, and what it says of itself: in its README.md, at the top of the file that
 * bears its name, or of its index.ts.
 */
export function roomsOf(files: readonly SourceFile[]): Room[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const paths = new Set(
    [...texts.keys()]
      .filter((path) => /^(src|operators)\/.*\.ts$/.test(path))
      .map((path) => path.replace(/\/[^/]*$/, '')),
  )
  return [...paths].sort().map((path) => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const openings = [
      inReadme(texts.get(`${path}/README.md`)),
      aboveCode(texts.get(`${path}/${name}.ts`), /^\/\* (.*?) \*\/\n\n/s),
      aboveCode(texts.get(`${path}/index.ts`), /^\/\*\*\n \* ((?:(?!\*\/).)*?)\n \*\n \* @module /s),
    ]
    return { path, sentence: openings.find((sentence) => sentence !== undefined) }
  })
}

function inReadme(text: string | undefined): string | undefined {
  return firstSentence(text?.match(/^# [^\n]+\n\n(.*?)\n(\n|$)/s)?.[1])
}

function aboveCode(text: string | undefined, opening: RegExp): string | undefined {
  return firstSentence(text?.match(opening)?.[1]?.replaceAll(/\n \* ?/g, ' '))
}

const firstSentence = (text: string | undefined): string | undefined =>
  text?.replaceAll('\n', ' ').match(/^\S.{18,220}?\.(?= |$)/)?.[0]
