import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pages, root, type Page } from './examples.ts'

const fenced = /^```.*?^```$/gms

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title] of text.replaceAll(fenced, '').matchAll(/^#+ (.*)$/gm)) {
    const anchor = title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const again = [...anchors].filter((other) => other.replace(/-\d+$/, '') === anchor).length
    anchors.add(again === 0 ? anchor : `${anchor}-${again}`)
  }
  return anchors
}

/** The relative links of a page that lead to no file, or to no heading of one. */
function deadLinks({ path, text }: Page): string[] {
  const prose = text.replaceAll(fenced, '').replaceAll(/`[^`]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return []
    const [target, anchor] = link!.split('#') as [string, string | undefined]
    const file = target === '' ? path : normalize(join(dirname(path), target))
    if (!existsSync(join(root, file))) return [`${link!}: no file ${file}`]
    if (anchor === undefined || anchorsOf(readFileSync(join(root, file), 'utf8')).has(anchor)) return []
    return [`${link!}: no heading of ${file}`]
  })
}

const longest = (lines: readonly string[]): number => Math.max(0, ...lines.map((line) => line.length))

describe.each(pages())('$path', (page) => {
  const lines = page.text.trimEnd().split('\n')

  test('has at most 200 lines of at most 120 columns', () => {
    expect(lines.length).toBeLessThanOrEqual(200)
    expect(lines.filter((line) => line.length > 120)).toEqual([])
  })

  test('has no table cell of more than 100 columns', () => {
    const cells = lines.filter((line) => line.startsWith('|')).flatMap((row) => row.split(/(?<!\\)\|/))
    expect(longest(cells.map((cell) => cell.trim()))).toBeLessThanOrEqual(100)
  })

  test('has only relative links that lead to a file, and to a heading in it', () => {
    expect(deadLinks(page)).toEqual([])
  })
})

test('every guide is reached from the README', () => {
  const [readme, ...guides] = pages()
  const links = new Set([...readme!.text.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, path]) => path))
  expect(guides.map(({ path }) => path).filter((path) => !links.has(path))).toEqual([])
})
