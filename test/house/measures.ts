/** What can be counted of the shape of the house, and what it may come to. */
import ts from 'typescript'
import { roomsOf } from './rooms.ts'
import type { SourceFile } from './sourceFile.ts'

/** One figure: what it comes to, what it may come to at most, and where it is too much. */
export interface Measure {
  readonly name: string
  readonly figure: number
  readonly most: number
  /** The places that make the figure, worst first. */
  readonly places: readonly string[]
}

/** Words of this house that gave way to those of the field. */
const oldWords = [
  'insideCount',
  'bridged',
  'mustWait',
  'onPassage',
  'sourceBegun',
  'onCut',
  'keepUncut',
  'tellCut',
  'cutOff',
  'patience',
  'passesOn',
  'spoilt',
  'lettingGo',
  'inOrder',
  'perEntity',
  'throttle',
  'Asker',
  'RowEnd',
  'giveLater',
  'lmdbLog',
  'lmdbOwner',
  'firstFrom',
  'trying(?=[(.])', // the function and its file; a log says `trying again`
  'packedValue',
  'keepBeginning',
  'unkept',
  'crowded',
  'asItComes',
]

/** Files whose name repeats the folder's, or a family's that has a folder of its own by now. */
const family = /(^|\/)(lmdb|journal|state)[A-Z]\w*\.ts$|\/\w+Step\.ts$/

/** `systemClock` asks these; what waits for another process may as well. */
const clocks = /(?<![.\w])(Date\.now|performance\.now|setTimeout|setInterval)\s*\(/
const mayAskClocks =
  /^src\/(base\/clock|monitor\/page\/browser\/clock|store\/lmdb\/(ownerLock|database)|run\/signals)\.ts$|^src\/(cli|testing)\//

const columns = 120

export function measure(files: readonly SourceFile[]): Measure[] {
  const product = files.filter(({ path }) => /^(src|operators)\/.*\.ts$/.test(path))
  const tests = files.filter(({ path }) => /^test\/.*\.ts$/.test(path))
  const guides = files.filter(({ path }) => /^docs\/[^/]+\.md$/.test(path))
  const lengths = byFigure(product.map(({ path, text }) => [path, lines(text).length]))
  const folders = new Map<string, number>()
  for (const { path } of product) folders.set(folderOf(path), (folders.get(folderOf(path)) ?? 0) + 1)
  const functions = byFigure(product.flatMap(functionLengths))
  const short = lengths.filter(([, length]) => length < 12)

  return [
    counted(
      'loose files in src', // what the package gives, and what of it a browser gets
      2,
      placesOf(product, ({ path }) => /^src\/[^/]+$/.test(path)),
    ),
    largest('files in the widest folder', 12, byFigure([...folders])),
    largest('lines of the largest file', 250, lengths),
    {
      name: 'lines that nine of ten files do not exceed',
      figure: lengths[Math.floor(lengths.length / 10)]?.[1] ?? 0,
      most: 160,
      places: [],
    },
    largest('lines of the longest function', 120, functions),
    counted(
      'files under 12 lines',
      6,
      short.map(([path]) => path),
    ),
    counted(
      'files named after their family',
      6,
      placesOf(product, ({ path }) => family.test(path)),
    ),
    {
      name: 'members of Context',
      figure: membersOf(
        'Context',
        product.find(({ path }) => path === 'src/context/context.ts'),
      ),
      most: 9,
      places: [],
    },
    counted(
      'clocks asked outside base/clock.ts',
      0,
      linesWhere(
        product.filter(({ path }) => !mayAskClocks.test(path)),
        (line) => clocks.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line),
      ),
    ),
    counted(
      'rooms that do not say what they are',
      0,
      roomsOf(files).flatMap(({ path, sentence }) => (sentence === undefined ? [path] : [])),
    ),
    counted(
      'old words',
      0,
      linesWhere(
        files.filter(({ path }) => /^(src|operators|docs)\//.test(path)),
        (line) => oldWord.test(line),
      ),
    ),
    counted(
      `lines over ${columns} columns`,
      0,
      linesWhere(files, (line) => line.length > columns && !isUnbreakable(line)),
    ),
    largest('lines of the longest test file', 500, byFigure(tests.map(({ path, text }) => [path, lines(text).length]))),
    largest(
      'lines of README.md',
      200,
      byFigure(files.filter(({ path }) => path === 'README.md').map(({ path, text }) => [path, lines(text).length])),
    ),
    largest('lines of the longest guide', 200, byFigure(guides.map(({ path, text }) => [path, lines(text).length]))),
  ]
}

const oldWord = new RegExp(`\\b(${oldWords.join('|')})\\b`)

/** A line that is one word, such as an address, cannot be broken. */
const isUnbreakable = (line: string): boolean =>
  !/\S\s+\S/.test(line.trim().replace(/^([-*>|]|\/\/|\[[^\]]*\]:)\s*/, ''))

const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

function placesOf(files: readonly SourceFile[], is: (file: SourceFile) => boolean): string[] {
  return files.filter(is).map(({ path }) => path)
}

function linesWhere(files: readonly SourceFile[], is: (line: string) => boolean): string[] {
  return files.flatMap(({ path, text }) => lines(text).flatMap((line, at) => (is(line) ? [`${path}:${at + 1}`] : [])))
}

function byFigure(figures: readonly (readonly [place: string, figure: number])[]): (readonly [string, number])[] {
  return [...figures].sort(([, one], [, other]) => other - one)
}

function counted(name: string, most: number, places: readonly string[]): Measure {
  return { name, figure: places.length, most, places }
}

function largest(name: string, most: number, figures: readonly (readonly [string, number])[]): Measure {
  const places = figures.filter(([, figure]) => figure > most).map(([place, figure]) => `${place} (${figure})`)
  return { name, figure: figures[0]?.[1] ?? 0, most, places }
}

function functionLengths({ path, text }: SourceFile): (readonly [string, number])[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: [string, number][] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.end).line
      found.push([`${path}:${first + 1}`, last - first + 1])
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function membersOf(name: string, file: SourceFile | undefined): number {
  if (file === undefined) return 0
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === name) return statement.members.length
  }
  return 0
}
