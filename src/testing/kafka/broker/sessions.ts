/** Who was not heard of for too long. */
export interface Sessions {
  /** It was heard of. */
  touch(id: string, timeout: number): void
  /** It is waited for by itself, or is gone. */
  forget(id: string): void
  /** All were heard of: the broker itself was away. */
  touchAll(): void
}

interface Session {
  end: number
  readonly timeout: number
}

export interface SessionsOptions {
  readonly now: () => number
  readonly after: (milliseconds: number, work: () => void) => () => void
  readonly expired: (id: string) => void
}

export function createSessions({ now, after, expired }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>()
  const watch = (id: string, session: Session): void => {
    after(session.end - now(), () => {
      if (sessions.get(id) !== session) return
      if (session.end > now()) {
        watch(id, session)
        return
      }
      sessions.delete(id)
      expired(id)
    })
  }
  return {
    touch(id, timeout) {
      const end = now() + timeout
      const known = sessions.get(id)
      if (known?.timeout === timeout) {
        known.end = end
        return
      }
      const session = { end, timeout }
      sessions.set(id, session)
      watch(id, session)
    },
    forget(id) {
      sessions.delete(id)
    },
    touchAll() {
      for (const session of sessions.values()) session.end = now() + session.timeout
    },
  }
}
