// The security headers that helmet would give every answer. They are always the same, so it is asked for them once and not with each request.
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import fastify from 'fastify'

/** Names and values, for answers of whatever kind. */
export async function securityHeaders(): Promise<readonly (readonly [name: string, value: string])[]> {
  const app = fastify({ logger: false })
  const options: FastifyHelmetOptions = {
    // Plain http is a supported set-up; who terminates TLS in front adds HSTS there.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
  }
  const headers: (readonly [string, string])[] = []
  let answering = false
  app.addHook('onRequest', async (_request, { raw }) => {
    const set = raw.setHeader.bind(raw)
    raw.setHeader = (name, value) => {
      if (!answering) headers.push([name, String(value)])
      return set(name, value)
    }
  })
  await app.register(helmet, options)
  app.get('/', async () => {
    answering = true
    return ''
  })
  await app.inject('/')
  await app.close()
  return headers
}
