import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { startNode } from '../support/processes.ts'
import { freePort } from '../support/sockets.ts'
import { answersMetadata } from './broker/metadata.ts'

const broker = ['--import', 'tsx', 'test/kafka/broker/main.ts']

test.each(['SIGINT', 'SIGTERM'] as const)('npm run broker serves until %s, and keeps its data', async (signal) => {
  const dir = temporaryFolder()
  const port = await freePort()
  const program = startNode(...broker, '--port', String(port), '--dir', dir)
  await program.until(() => program.stdout().includes('the broker serves'))
  expect(program.stdout()).toBe(`the broker serves at 127.0.0.1:${port}, its data is in ${dir}\n`)
  expect(await answersMetadata(port)).toBe(true)
  program.process.kill(signal)
  expect(await program.ended).toBe(0)
  expect(program.stderr()).toBe('')
})

test('npm run broker refuses a port that there is not', async () => {
  const program = startNode(...broker, '--port', 'many')
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toBe('--port: expected an integer from 1 to 65535\n')
})
