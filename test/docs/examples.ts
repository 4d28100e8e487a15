import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A piece of code in a docstring, in the README or in a guide. */
export interface Example {
  /** Where it stands: a path in the repository and a line. */
  readonly place: string
  readonly code: string
}

export const root = join(import.meta.dirname, '../..')

/** What examples may use without importing it, so that each shows only what it is about. */
const free = ['firstValueFrom', 'from', 'lastValueFrom', 'of', 'toArray']

/** A whole module: `assert` and the names of RxJS that the example does not import itself, and the example. */
export function moduleOf({ code }: Example): string {
  const own = [...code.matchAll(/^import \{(.*?)\}/gm)].flatMap((match) =>
    match[1]!.split(',').map((name) => name.trim()),
  )
  const asserts = /^import assert /m.test(code) ? '' : "import assert from 'node:assert/strict'\n"
  return `${asserts}import { ${free.filter((name) => !own.includes(name)).join(', ')} } from 'rxjs'
${code}`
}

const fence = /```ts\n(.*?)```/gs

export function docstringExamples(): Example[] {
  return ['operators', 'src'].flatMap((folder) =>
    typescriptFiles(join(root, folder)).flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return [...text.matchAll(fence)].map((match) => ({
        place: `${relative(root, file)}:${lineOf(text, match.index)}`,
        code: match[1]!.replaceAll(/^ *\* ?/gm, ''),
      }))
    }),
  )
}

/** A page that is written for users: its path in the repository, and what is in it. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** The README and the guides. */
export function pages(): Page[] {
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', ...guides.map((name) => `docs/${name}`)].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }))
}

/** The pages' blocks without the README's first, which is a program of its own and is run from the packed tarball. */
export function pageExamples(): Example[] {
  return pages().flatMap(({ path, text }) =>
    [...text.matchAll(fence)]
      .slice(path === 'README.md' ? 1 : 0)
      .map((match) => ({ place: `${path}:${lineOf(text, match.index)}`, code: match[1]! })),
  )
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length
