import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string
  readonly body: Buffer
}

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const

let files: Map<string, PageFile> | undefined // read once, when the first one is asked for

/**
 * The file of the page at this path of an address: `/`, or `/page/NAME`. Its names are all that there is: a path is
 * looked up, and never made into one of the file system. Throws where the package is not whole.
 */
export function pageFile(path: string): PageFile | undefined {
  files ??= readFiles()
  return files.get(path)
}

/** The paths of all of them. */
export function pagePaths(): string[] {
  files ??= readFiles()
  return [...files.keys()]
}

function readFiles(): Map<string, PageFile> {
  const here = import.meta.dirname
  // Where the sources are run, what a browser can read is what was compiled of them.
  const folder = existsSync(join(here, 'browser/main.js')) ? here : join(here, '../../../dist/src/monitor/page')
  const modules = ['browser', 'view'].flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => `${part}/${name.replaceAll('\\', '/')}`),
  )
  const require = createRequire(import.meta.url)
  const paths: readonly (readonly [path: string, file: string])[] = [
    ['/', join(folder, 'index.html')],
    ...['style.css', 'icon.svg', ...modules].map((name) => [`/page/${name}`, join(folder, name)] as const),
    ['/page/uplot.js', require.resolve('uplot/dist/uPlot.iife.min.js')],
    ['/page/uplot.css', require.resolve('uplot/dist/uPlot.min.css')],
  ]
  return new Map(
    paths.map(([path, file]) => [path, { type: typeOf(file), body: withoutIndents(readFileSync(file, 'utf8')) }]),
  )
}

/** A tenth of what is sent otherwise. No text of the page goes over several lines; a test sees to that. */
const withoutIndents = (text: string): Buffer => Buffer.from(text.replaceAll(/^[ \t]+/gm, ''))

const typeOf = (file: string): string => types[file.slice(file.lastIndexOf('.') + 1) as keyof typeof types]
