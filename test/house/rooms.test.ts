/** Whoever comes into a room is told in one sentence where they are. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { roomsOf } from './rooms.ts'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src', 'operators'], {
  encoding: 'utf8',
})
const files = tracked
  .split('\n')
  .filter((path) => path !== '' && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const rooms = roomsOf(files)

describe('a room', () => {
  test.each(rooms)('says what it is: $path', ({ sentence }) => {
    expect(sentence).toBeDefined()
  })

  test('says something that no other one says', () => {
    const sentences = rooms.map(({ sentence }) => sentence)
    expect(new Set(sentences).size).toBe(sentences.length)
  })

  test.each(['state', 'context', 'checkpoint', 'store/lmdb'])('is drawn in ten lines or a few more: %s', (name) => {
    const picture = files.find(({ path }) => path === `src/${name}/README.md`)!.text
    expect(picture).toMatch(/\n```text\n[^]+\n```\n/)
    expect(picture.split('\n').length).toBeLessThanOrEqual(20)
  })
})

describe('a room says nothing of itself', () => {
  const file = 'export const one = 1\n'

  test.each([
    ['where it has a file of its name without an opening', { 'src/attic/attic.ts': file }],
    [
      'where it has files of other names only',
      { 'src/attic/box.ts': `/* A box of things that nobody needs. */\n\n${file}` },
    ],
    [
      'where the comment is that of an export',
      { 'src/attic/attic.ts': `/** Number one, which is the first. */\n${file}` },
    ],
    ['where what it says is no sentence', { 'src/attic/attic.ts': `/* attic */\n\n${file}` }],
    ['where its README is a heading', { 'src/attic/box.ts': file, 'src/attic/README.md': '# attic\n' }],
  ] satisfies [string, Record<string, string>][])('%s', (_, house) => {
    const attic = Object.entries(house).map(([path, text]) => ({ path, text }))
    expect(roomsOf(attic)).toEqual([{ path: 'src/attic', sentence: undefined }])
  })
})
