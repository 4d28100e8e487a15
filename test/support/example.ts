import type { Socket } from 'node:net'
import { startNode, type Program } from './processes.ts'
import { compiledProgram } from './programs.ts'
import { connectWhenOpen, freePort, receive, type Receiver } from './sockets.ts'

/** Starts an example by its name, as `npm run example -- NAME …` does after the build. */
export const startExampleByName = (name: string, ...args: string[]): Program =>
  startNode(compiledProgram('examples/run.ts'), name, ...args)

export interface ExampleOverTcp {
  readonly program: Program
  readonly receiver: Receiver
  /** A connection to it. */
  readonly sender: Socket
  /** One more. */
  connect(): Promise<Socket>
}

/** Starts an example between a sender and a receiver, as a user does in three terminals. */
export async function exampleOverTcp(name: string, ...args: string[]): Promise<ExampleOverTcp> {
  const receiver = await receive()
  const port = await freePort()
  const program = startExampleByName(name, '--in', `127.0.0.1:${port}`, '--out', receiver.address, ...args)
  const connect = (): Promise<Socket> => connectWhenOpen(port, program.hasEnded)
  return { program, receiver, sender: await connect(), connect }
}
