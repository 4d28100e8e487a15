import { mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes what was created and removed in a directory survive a crash of the machine, where the system knows that. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return // a directory cannot be opened there
  const opened = await open(directory, 'r')
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

/** Makes a directory so that it survives a crash of the machine. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true })
  if (first === undefined) return
  for (let made = resolve(directory); ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made.length <= first.length) return
  }
}
