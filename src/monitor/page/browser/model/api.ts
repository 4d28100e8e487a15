import { authorization } from './token.ts'

/** What the run said instead of an answer. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Asks the run for something; of a refusal it tells what the run said of it. */
export async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, { headers: { ...authorization(), accept: 'application/json' }, cache: 'no-store' })
  if (!response.ok) throw new Refusal(response.status, await messageOf(response))
  return (await response.json()) as Answer
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { code, message } = (await response.json()) as { code?: unknown; message?: unknown }
    if (typeof message === 'string') return typeof code === 'string' ? `${code}: ${message}` : message
  } catch {
    // Not JSON: no answer of the run.
  }
  return `${response.status} ${response.statusText}`.trim()
}
