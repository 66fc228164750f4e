// PostGraphile 5 on mktdash's own tables: relations it can't see are told by smart tags, what is computed by functions.
import { createServer } from 'node:http'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { jsonPgSmartTags } from 'postgraphile/utils'
import postgraphileModule from 'postgraphile'

const [, , port, host, database] = process.argv
const { postgraphile } = postgraphileModule
const tags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      latest: { tags: { foreignKey: '(series_id) references series (id)' } },
      observation: { tags: { foreignKey: '(series_id) references series (id)' } },
    },
  },
})

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  pgServices: [
    makePgService({
      connectionString: `postgresql://mktdash@${encodeURIComponent(host)}/${database}`,
      schemas: ['public'],
    }),
  ],
  grafserv: { port: Number(port), websockets: false, graphiql: false },
  grafast: { explain: false },
})
if (process.argv.includes('--print')) {
  const { printSchema } = await import('graphql')
  process.stdout.write(printSchema(await instance.getSchema()))
  process.exit(0)
}
const server = createServer()
await instance.createServ(grafserv).addTo(server)
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
