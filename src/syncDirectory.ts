import { open } from 'node:fs/promises'

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
