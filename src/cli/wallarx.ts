#!/usr/bin/env node
import { main } from './main.ts'

/** Whoever read our output, such as head, has seen enough: what is left to say concerns nobody. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

process.stdout.on('error', ignoreClosedPipe)
process.stderr.on('error', ignoreClosedPipe)

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
