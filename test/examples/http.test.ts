/** Posts in, a WebSocket out, as a user runs it. */
import { Agent } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startExampleByName } from '../support/example.ts'
import { temporaryFolder } from '../support/files.ts'
import type { Program } from '../support/processes.ts'
import { freePort } from '../support/sockets.ts'
import { createWatch } from '../support/watch.ts'
import { post } from '../src/source/http/httpSources.ts'

interface Average {
  readonly sensor: string
  readonly average: number
  readonly of: number
}

/** A server that keeps the last average of each sensor. */
async function receiveAverages() {
  const watch = createWatch()
  const last = new Map<string, Average>()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const average = JSON.parse((data as Buffer).toString()) as Average
      last.set(average.sensor, average)
      watch.changed()
    })
  })
  await new Promise((resolve) => server.on('listening', resolve))
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as { port: number }).port}`, last, until: watch.until }
}

describe('the example http', { timeout: 120_000 }, () => {
  test('posts a sample to itself, and prints the averages', async () => {
    const program = startExampleByName('http')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout().trimEnd().split('\n')).toEqual([
      '{"sensor":"kitchen","average":21,"of":1}',
      '{"sensor":"cellar","average":12,"of":1}',
      '{"sensor":"kitchen","average":21.5,"of":2}',
      '{"sensor":"kitchen","average":22,"of":3}',
      '{"sensor":"cellar","average":12.5,"of":2}',
    ])
  })

  test('killed again and again under load loses nothing that was answered 202', async () => {
    const { url, last, until } = await receiveAverages()
    const port = await freePort()
    const directory = temporaryFolder()
    const start = (): Program =>
      startExampleByName('http', '--in', `127.0.0.1:${port}`, '--out', url, '--state', directory)
    const counts = Array.from({ length: 8 }, () => ({ asked: 0, taken: 0 }))
    let isOver = false
    const clients = counts.map(async (count, client) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const body = JSON.stringify({ sensor: `sensor ${client}`, celsius: client })
      while (!isOver) {
        try {
          count.asked++
          const { status } = await post(port, body, { path: '/readings', agent })
          if (status === 202) count.taken++
          else count.asked--
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') count.asked--
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      agent.destroy()
    })
    const taken = (): number => counts.reduce((sum, count) => sum + count.taken, 0)
    let program = start()
    for (let life = 1; ; life++) {
      const before = taken()
      while (taken() < before + 200) {
        expect(program.hasEnded(), program.stderr()).toBe(false)
        await new Promise((resolve) => setTimeout(resolve, 7))
      }
      if (life === 4) break
      program.process.kill('SIGKILL')
      await program.ended
      program = start()
    }
    isOver = true
    await Promise.all(clients)
    await until(() => counts.every(({ taken }, client) => (last.get(`sensor ${client}`)?.of ?? 0) >= taken))
    program.process.kill('SIGTERM')
    expect(await program.ended, program.stderr()).toBe(0)
    counts.forEach(({ asked }, client) => {
      const { average, of } = last.get(`sensor ${client}`)!
      expect(of).toBeLessThanOrEqual(asked)
      expect(average).toBe(client)
    })
  })
})
