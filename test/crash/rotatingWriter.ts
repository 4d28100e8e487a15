import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, truncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../bench/random.ts'

// Writes the lines of a text to a file little by little, and rotates it: by renaming, or by copying and truncating.

const [text = '', path = '', seed = '0'] = process.argv.slice(2)
const random = createRandom(Number(seed))
const lines = readFileSync(text, 'utf8').split('\n').slice(0, -1)

/** Old files move up by one: FILE.1 to FILE.2, and so on. */
function rotate(): void {
  let last = 1
  while (existsSync(`${path}.${last}`)) last++
  for (let number = last; number > 1; number--) renameSync(`${path}.${number - 1}`, `${path}.${number}`)
  if (random() < 0.5) {
    renameSync(path, `${path}.1`)
    return
  }
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
}

for (let at = 0; at < lines.length;) {
  const some = lines.slice(at, at + Math.ceil(random() * 400))
  at += some.length
  const bytes = Buffer.from(some.map((line) => `${line}\n`).join(''))
  const cut = Math.floor(random() * bytes.length)
  appendFileSync(path, bytes.subarray(0, cut))
  if (random() < 0.3) await delay(random() * 20)
  appendFileSync(path, bytes.subarray(cut))
  await delay(random() * 30)
  if (random() < 0.08) rotate()
}
