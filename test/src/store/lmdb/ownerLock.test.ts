import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { WallarxError } from '../../../../src/base/errors.ts'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { startProgram } from '../../../support/processes.ts'
import { bytes, kill, newDirectory, opened, ownerFiles, put, startOwner, storeWith } from './stores.ts'

describe('the owner of a store with LMDB', () => {
  test('is named to whoever else opens it', async () => {
    const directory = newDirectory()
    const owner = await startOwner(directory)
    await expect(lmdbStore(directory).open()).rejects.toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringMatching(
        `^expected a store that nobody has open, got one that process ${String(owner.process.pid)} ` +
          `on host ${hostname()}, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z, has open \\(store: lmdb ${directory}\\)$`,
      ),
    })
    await kill(owner)
    const store = await opened(directory)
    expect(store.get(bytes('by'))).toEqual(bytes(String(owner.process.pid)))
    await store.commit([put('by', 'the next one')])
  })

  test('is nobody after the store was closed, while its process goes on', async () => {
    const directory = newDirectory()
    const owner = await startOwner(directory, `await store.close(); console.log('closed')`)
    await owner.until(() => owner.stdout().includes('closed'))
    await opened(directory)
    expect(owner.hasEnded()).toBe(false)
  })

  test('is not another process that got the number of one that was killed', async ({ skip }) => {
    skip(!existsSync('/proc/self/stat'), 'without /proc it cannot be told')
    const directory = await storeWith([])
    const [file] = ownerFiles(directory)
    const dead = { process: process.pid, host: hostname(), started: 'another boot 123', since: 'yesterday' }
    writeFileSync(join(directory, file!), JSON.stringify(dead))
    await opened(directory)
  })

  test('may be on another host: then its file has to go by hand', async () => {
    const directory = await storeWith([])
    const file = join(directory, ownerFiles(directory)[0]!)
    writeFileSync(file, JSON.stringify({ process: 1, host: 'elsewhere', since: 'yesterday' }))
    await expect(lmdbStore(directory).open()).rejects.toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringContaining(
        `process 1 on another host, elsewhere, since yesterday (if it is gone for good, remove ${file}) has open`,
      ),
    })
    rmSync(file)
    await opened(directory)
  })

  test.each(['', '{"process":12', 'null', '{"process":"a"}'])(
    'is nobody when a crash left %j as its file',
    async (content) => {
      const directory = await storeWith([])
      writeFileSync(join(directory, 'owner-7'), content)
      await opened(directory)
      expect(ownerFiles(directory)).toEqual(['owner-8'])
    },
  )

  test('is one of many that come at once to a store that was left behind', async () => {
    const directory = newDirectory()
    await kill(await startOwner(directory))
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lmdbStore(directory).open()))
      const stores = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      const codes = results.flatMap((result) =>
        result.status === 'rejected' ? [(result.reason as WallarxError).code] : [],
      )
      expect(stores).toHaveLength(1)
      expect(codes).toEqual(Array(7).fill('STORE_IN_USE'))
      await stores[0]!.close()
      expect(ownerFiles(directory)).toHaveLength(1)
    }
  })

  test('is one process at a time, of several that come and are killed', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const held = join(temporaryFolder(), 'held')
    const text = `
      import { rmSync, writeFileSync } from 'node:fs'
      import { lmdbStore } from 'wallarx'
      const directory = ${JSON.stringify(directory)}
      for (let turn = 0; turn < 30; ) {
        try {
          const store = await lmdbStore(directory).open()
          writeFileSync(${JSON.stringify(held)}, '', { flag: 'wx' }) // fails where another one holds it
          await store.commit([{ key: Buffer.from('turns of ' + process.pid), value: Buffer.from(String(++turn)) }])
          rmSync(${JSON.stringify(held)})
          if (turn === 30) process.kill(process.pid, 'SIGKILL')
          await store.close()
        } catch (error) {
          if (error.code !== 'STORE_IN_USE') throw error
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
        }
      }
    `
    const programs = Array.from({ length: 3 }, () => startProgram(text))
    for (const program of programs) {
      expect([await program.ended, program.stderr()]).toEqual(['SIGKILL', ''])
    }
    const store = await opened(directory)
    expect([...store.range(bytes('turns of '))].map(({ value }) => String(value))).toEqual(['30', '30', '30'])
  })
})
