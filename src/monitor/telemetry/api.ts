import type * as Api from '@opentelemetry/api'

/** What there is to tell. */
export interface Telemetry {
  readonly api: typeof Api
  /** Absent where no provider of traces is registered. */
  readonly tracer: Api.Tracer | undefined
  /** Absent where no provider of metrics is registered. */
  readonly meter: Api.Meter | undefined
}

const library = 'wallarx'

/**
 * The API of OpenTelemetry, as far as somebody listens; `undefined` where it is not installed or nobody has registered
 * a provider. Asked once, when a run begins: a provider that is registered later gets nothing.
 */
export async function loadTelemetry(load = loadApi): Promise<Telemetry | undefined> {
  const api = await load()
  if (api === undefined) return undefined
  const tracer = tracerOf(api)
  const meter = api.metrics.getMeter(library)
  const isMeasured = meter !== api.createNoopMeter()
  return tracer === undefined && !isMeasured ? undefined : { api, tracer, meter: isMeasured ? meter : undefined }
}

/** Where every copy of the API, of its first major version, finds what has been registered with another one. */
const registered = Symbol.for('opentelemetry.js.api.1')

/** To load it takes some 100 ms, which nobody waits for where there is nothing to find. */
async function loadApi(): Promise<typeof Api | undefined> {
  if (!(registered in globalThis)) return undefined
  try {
    return await import('@opentelemetry/api')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function tracerOf({ trace, ProxyTracerProvider }: typeof Api): Api.Tracer | undefined {
  const provider = trace.getTracerProvider()
  // The API stands in for a provider that is not there.
  return provider instanceof ProxyTracerProvider ? provider.getDelegateTracer(library) : provider.getTracer(library)
}
