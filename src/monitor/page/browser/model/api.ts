import { authorization } from './token.ts'

/** Asks the run for something; of a refusal it throws what the run said of it. */
export async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, { headers: { ...authorization(), accept: 'application/json' }, cache: 'no-store' })
  if (!response.ok) throw new Error(await messageOf(response))
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
