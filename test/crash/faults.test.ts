import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startExample, startProgramOf, type Program } from '../support/processes.ts'
import { compiledProgram } from '../support/programs.ts'
import { connectWhenOpen, frame, freePort, write } from '../support/sockets.ts'
import { temporaryFolder } from '../support/files.ts'
import { noSmallDisk, smallDisk } from '../support/smallDisk.ts'
import { eventually } from '../support/watch.ts'
import { createText } from './text.ts'

const folder = '01-word-count'

/** The word count from a file to a file, in a folder of its own. */
async function fileToFile(text = createText(3, 20_000)) {
  const directory = temporaryFolder()
  const [input, output, state] = ['input.txt', 'output.txt', 'state'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(input, text)
  const args = ['--in', `file:${input}`, '--out', `file:${output}`]
  const undisturbed = startExample(folder, ...args)
  expect(await undisturbed.ended).toBe(0)
  const reference = readFileSync(output)
  rmSync(output)
  const withState = [...args, '--state', state, '--checkpoint-interval', '20']
  return {
    state,
    output,
    reference,
    args: withState,
    start: () => startExample(folder, ...withState),
    /** Runs until a checkpoint has been written, and is killed then. */
    async killedAfterCheckpoint() {
      const program = startExample(folder, ...withState)
      await eventually(() => program.hasEnded() || sizeOf(output) > 500_000)
      program.process.kill('SIGKILL')
      expect(await program.ended).toBe('SIGKILL')
    },
    /** The next start goes on from the last checkpoint, and comes to the end. */
    async goesOn() {
      const program = startExample(folder, ...withState)
      expect(await program.ended, program.stderr()).toBe(0)
      expect(program.stderr()).toMatch(/: checkpoint \d+ of .* ago\n/)
      expect(readFileSync(output).equals(reference)).toBe(true)
    },
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** It ends with exit code 1 and says why in a line, without a stack. */
async function failsWith(program: Program, why: RegExp): Promise<void> {
  expect(await program.ended, program.stderr()).toBe(1)
  const [message, ...rest] = program
    .stderr()
    .slice(program.stderr().search(/^word-count: /m))
    .split('\n')
  expect(message).toMatch(why)
  expect(rest).toEqual([''])
}

/** The word count with no file longer than this. */
const limited = (kibibytes: number, args: readonly string[]): Program =>
  startProgramOf(
    'bash',
    '-c',
    `ulimit -f ${kibibytes}; exec "$0" "$@"`,
    process.execPath,
    ...[compiledProgram(`examples/${folder}/main.ts`), ...args],
  )

test('a disk that is full for the output stops the run, and the next start goes on', async () => {
  const fewWords = createText(3, 20_000, 200) // a small store, a long output
  const { args, goesOn } = await fileToFile(fewWords)
  await failsWith(limited(1000, args), /expected to write to the sink, got .*EFBIG/)
  await goesOn()
})

test('a disk that is full for the checkpoint stops the run, and the last checkpoint is whole', async () => {
  // Few words first, for some checkpoints that fit.
  const { args } = await fileToFile(`${createText(3, 20_000, 200)}\n${createText(4, 10_000)}`)
  const toStdout = args.map((arg) => (arg.endsWith('output.txt') ? 'file:-' : arg))
  await failsWith(limited(400, toStdout), /expected to write checkpoint \d+, got .*checkpoint \d+ is whole/)
  const program = startExample(folder, ...toStdout)
  expect(await program.ended, program.stderr()).toBe(0)
  expect(program.stderr()).toMatch(/: checkpoint \d+ of .* ago\n/)
})

test('a disk that is really full for the checkpoint stops the run, and the last checkpoint is whole', async ({
  skip,
}) => {
  skip(noSmallDisk !== undefined, noSmallDisk)
  const { args, state } = await fileToFile(`${createText(3, 20_000, 200)}\n${createText(4, 10_000)}`)
  const disk = smallDisk(400)
  const at = (directory: string): string[] =>
    args.map((arg) => (arg.endsWith('output.txt') ? 'file:-' : arg === state ? join(directory, 'state') : arg))
  const program = startProgramOf(
    ...disk.command(process.execPath, compiledProgram(`examples/${folder}/main.ts`), ...at(disk.directory)),
  )
  await failsWith(program, /expected to write checkpoint \d+, got .*checkpoint \d+ is whole/)
  const [, last] = /checkpoint (\d+) is whole/.exec(program.stderr())!
  const next = startExample(folder, ...at(disk.kept))
  expect(await next.ended, next.stderr()).toBe(0)
  expect(next.stderr()).toContain(`: checkpoint ${last!} of `)
})

test('a disk that is full for the journal stops the run, and what is in it is counted at the next start', async ({
  skip,
}) => {
  skip(noSmallDisk !== undefined, noSmallDisk)
  const port = await freePort()
  const output = join(temporaryFolder(), 'output.txt')
  const disk = smallDisk(1000)
  const at = (directory: string): string[] => [
    ...['--in', `127.0.0.1:${port}`, '--out', `file:${output}`],
    ...['--state', join(directory, 'state'), '--checkpoint-interval', '100000'],
  ]
  const program = startProgramOf(
    ...disk.command(process.execPath, compiledProgram(`examples/${folder}/main.ts`), ...at(disk.directory)),
  )
  const socket = await connectWhenOpen(port, program.hasEnded)
  socket.on('error', () => undefined)
  const some = Buffer.concat(Array.from({ length: 1000 }, () => frame('word')))
  const more = (error?: Error | null): void => {
    if (!error && !socket.destroyed) socket.write(some, more)
  }
  more()
  await failsWith(program, /expected to write to the journal in .*, got .*ENOSPC/)
  const before = readFileSync(output, 'utf8')

  const next = startExample(folder, ...at(disk.kept))
  await eventually(() => next.hasEnded() || next.stderr().includes(' frames were replayed'))
  next.process.kill('SIGTERM')
  expect(await next.ended, next.stderr()).toBe(0)
  expect(next.stderr()).toMatch(/: checkpoint 1 of /) // the first one, of where the output begins
  const frames = Number(/ (\d+) frames to replay/.exec(next.stderr())![1])
  expect(frames).toBeGreaterThan(10_000)
  const all = readFileSync(output, 'utf8')
  expect(all).toBe(Array.from({ length: frames }, (_, at) => `word => ${at + 1}\n`).join(''))
  expect(all.startsWith(before)).toBe(true)
})

test('a state directory that is a file is an error', async () => {
  const { state, start } = await fileToFile()
  writeFileSync(state, 'not a directory')
  await failsWith(start(), /expected to make the directory .*state, got .*EEXIST/)
  expect(readFileSync(state, 'utf8')).toBe('not a directory')
})

test('a data file that is cut off is an error and no crash, and whole again it goes on', async () => {
  const { state, start, killedAfterCheckpoint, goesOn } = await fileToFile()
  await killedAfterCheckpoint()
  const data = join(state, 'data.mdb')
  copyFileSync(data, `${data}.whole`)
  truncateSync(data, 2 * 4096) // most of the state may still be in the log
  await failsWith(start(), /expected .*data\.mdb to be a whole data file, got /)
  copyFileSync(`${data}.whole`, data)
  await goesOn()
})

test('a flipped byte in the log of a store is an error that says where, and mended it goes on', async () => {
  const { state, start, killedAfterCheckpoint, goesOn } = await fileToFile()
  await killedAfterCheckpoint()
  const log = join(
    state,
    readdirSync(state).find((name) => name.startsWith('log-'))!,
  )
  const bytes = readFileSync(log)
  const damaged = Buffer.from(bytes)
  damaged[32]! ^= 1 // in the head of the first commit
  writeFileSync(log, damaged)
  await failsWith(start(), /expected .*log-1 to be there and whole, got bytes that are no record from byte 32 on/)
  writeFileSync(log, bytes)
  await goesOn()
})

/** The word count over TCP with a state directory. */
async function overTcp() {
  const directory = temporaryFolder()
  const [output, state] = [join(directory, 'output.txt'), join(directory, 'state')]
  const port = await freePort()
  const args = ['--in', `127.0.0.1:${port}`, '--out', `file:${output}`, '--state', state]
  mkdirSync(state)
  return { port, output, state, start: () => startExample(folder, ...args, '--checkpoint-interval', '100000') }
}

test('a second process on the same state names the first one', async () => {
  const { port, start } = await overTcp()
  const first = start()
  await connectWhenOpen(port, first.hasEnded)
  await failsWith(start(), new RegExp(`process ${first.process.pid!}\\b`))
  expect(first.hasEnded()).toBe(false)
  first.process.kill('SIGTERM')
  expect(await first.ended).toBe(0)
})

test('a flipped byte in the middle of a journal is an error that says where, and mended it goes on', async () => {
  const { port, output, state, start } = await overTcp()
  const first = start()
  const socket = await connectWhenOpen(port, first.hasEnded)
  const frames = 2000
  const all = (): boolean => sizeOf(output) > 0 && readFileSync(output, 'utf8').endsWith(`word => ${frames}\n`)
  for (let sent = 0; sent < frames; sent++) await write(socket, frame('word'))
  await eventually(() => first.hasEnded() || all())
  const counted = readFileSync(output, 'utf8')
  first.process.kill('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')

  const segment = join(state, 'journal', `127.0.0.1_${port}`)
  const path = join(segment, readdirSync(segment)[0]!)
  const bytes = readFileSync(path)
  const middle = Math.floor(bytes.length / 2)
  const damaged = Buffer.from(bytes)
  damaged[middle]! ^= 1
  writeFileSync(path, damaged)
  const second = start()
  await failsWith(second, /expected the journal's records in .* from byte \d+ /)
  const at = Number(/from byte (\d+) /.exec(second.stderr())![1])
  expect(at).toBeGreaterThan(middle - 20)
  expect(at).toBeLessThanOrEqual(middle)
  expect(readFileSync(path).equals(damaged)).toBe(true)

  writeFileSync(path, bytes)
  const third = start()
  await eventually(() => third.hasEnded() || all())
  third.process.kill('SIGTERM')
  expect(await third.ended, third.stderr()).toBe(0)
  expect(third.stderr()).toContain(`${frames} frames were replayed`)
  expect(readFileSync(output, 'utf8')).toBe(counted)
})
