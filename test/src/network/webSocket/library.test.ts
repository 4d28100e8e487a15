import { expect, test } from 'vitest'
import { startNode } from '../../../support/processes.ts'
import { importWs } from '../../../../src/network/webSocket/library.ts'

test('where ws is not installed the error says how to install it', async () => {
  const notThere = Object.assign(new Error("Cannot find package 'ws'"), { code: 'ERR_MODULE_NOT_FOUND' })
  await expect(importWs(() => Promise.reject(notThere))).rejects.toMatchObject({
    code: 'PACKAGE_MISSING',
    message: 'expected the package ws, installed beside wallarx: npm install ws, got none',
    cause: notThere,
  })
})

test('where it cannot be loaded the error says why', async () => {
  await expect(importWs(() => Promise.reject(new Error('out of memory')))).rejects.toMatchObject({
    code: 'PACKAGE_MISSING',
    got: 'one that cannot be loaded: out of memory',
  })
})

test('a program of a user who has not installed it is told so', async () => {
  const resolve = `export const resolve = (name, context, next) => {
    if (name === 'ws') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const hooks = `import { register } from 'node:module'; register(${JSON.stringify(moduleOf(resolve))})`
  const program = `import { run, webSocketSource } from 'wallarx'
    const messages = webSocketSource({ listen: '127.0.0.1:0' })
    await run({ name: 'a', pipelines: { messages }, log: false }).catch((error) => console.log(error.message))`
  const told = startNode('--import', moduleOf(hooks), '--input-type=module', '--eval', program)
  expect(await told.ended, told.stderr()).toBe(0)
  expect(told.stdout()).toBe(
    'expected the package ws, installed beside wallarx: npm install ws, got none (source: websocket 127.0.0.1:0)\n',
  )
})

const moduleOf = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`
