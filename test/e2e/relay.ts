// Runs inside the test's network namespace: whoever connects to the Unix socket names a port in the first line and is
// joined with that TCP port. Ends with the test, when its standard input closes.
import { connect, createServer } from 'node:net'

const [door = '', address = ''] = process.argv.slice(2)

const server = createServer((inside) => {
  inside.on('error', () => inside.destroy())
  inside.once('readable', () => {
    const head: Buffer = inside.read() ?? Buffer.alloc(0)
    const end = head.indexOf('\n')
    const outside = connect(Number(head.toString('latin1', 0, end)), address)
    outside.on('error', () => inside.destroy())
    outside.on('close', () => inside.destroy())
    inside.on('close', () => outside.destroy())
    outside.write(head.subarray(end + 1))
    inside.pipe(outside).pipe(inside)
  })
})
server.listen(door, () => process.stdout.write('ready\n'))
process.stdin.on('end', () => process.exit(0)).resume()
