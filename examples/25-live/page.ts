import { createServer, type Server } from 'node:http'

/** A page that shows what the WebSocket says, and comes back to it when the connection is lost. */
const pageFor = (url: string): string => `<!doctype html>
<title>Live</title>
<table></table>
<p id="connection"></p>
<script type="module">
  const rows = new Map()
  const connection = document.querySelector('#connection')
  function connect() {
    const socket = new WebSocket(${JSON.stringify(url)})
    socket.onopen = () => (connection.textContent = 'connected')
    socket.onmessage = ({ data }) => {
      const { sensor, celsius, low, high } = JSON.parse(data)
      if (!rows.has(sensor)) rows.set(sensor, document.querySelector('table').insertRow())
      rows.get(sensor).textContent = sensor + ': ' + celsius + ' (' + low + ' to ' + high + ')'
    }
    socket.onclose = () => {
      connection.textContent = 'not connected'
      setTimeout(connect, 1000)
    }
  }
  connect()
</script>`

/** Serves it at `HOST:PORT`, which is the origin that the WebSocket has to allow. */
export async function servePage(address: string, url: string): Promise<Server> {
  const { hostname, port } = new URL(`http://${address}`)
  const page = pageFor(url)
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page))
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject).listen(Number(port), hostname, resolve)
  })
  return server
}
