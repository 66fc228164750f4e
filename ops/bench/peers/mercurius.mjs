// Mercurius with JIT on mktdash's own tables, the way its documentation shows: resolvers, and loaders against N+1.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

const [, , port, host, database] = process.argv
const pool = new pg.Pool({ host, database, user: 'mktdash', max: 10 })

const schema = `
  type Query {
    series(symbol: String!, from: Float!): Series
    instruments(first: Int!): [Instrument!]!
  }
  type Series { points: [Point!]! }
  type Point { asOf: String!, value: Float! }
  type Instrument { symbol: String!, name: String!, series: [Summary!]! }
  type Summary { dataset: String!, latest: Latest, quality: String! }
  type Latest { value: Float!, change: Float }
`

const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows

const resolvers = {
  Query: {
    async series(_, { symbol, from }) {
      const found = await rows(
        'series',
        'SELECT s.id FROM series s JOIN instrument i ON i.id = s.instrument_id WHERE i.symbol = $1 ORDER BY s.source LIMIT 1',
        [symbol],
      )
      return found.length ? { id: found[0].id, from } : null
    },
    instruments: (_, { first }) =>
      rows('instruments', 'SELECT id, symbol, name FROM instrument ORDER BY symbol LIMIT $1', [first]),
  },
  Series: {
    points: ({ id, from }) =>
      rows('points', 'SELECT as_of, value FROM observation WHERE series_id = $1 AND as_of >= $2 ORDER BY as_of', [
        id,
        from * 1000,
      ]),
  },
  Point: {
    asOf: (row) => new Date(Number(row.as_of) / 1000).toISOString(),
  },
}

const byKey = (found, key) => {
  const groups = new Map()
  for (const row of found) groups.set(row[key], [...(groups.get(row[key]) ?? []), row])
  return groups
}
const RANK = { PASS: 0, WARN: 1, UNKNOWN: 2, FAIL: 3 }

const loaders = {
  Instrument: {
    async series(queries) {
      const ids = queries.map(({ obj }) => obj.id)
      const found = byKey(
        await rows(
          'summaries',
          'SELECT id, instrument_id, dataset FROM series WHERE instrument_id = ANY($1) ORDER BY source, measure, interval',
          [ids],
        ),
        'instrument_id',
      )
      return ids.map((id) => found.get(id) ?? [])
    },
  },
  Summary: {
    async latest(queries) {
      const ids = queries.map(({ obj }) => obj.id)
      const found = byKey(
        await rows('latest', 'SELECT series_id, value, previous_value FROM latest WHERE series_id = ANY($1)', [ids]),
        'series_id',
      )
      return ids.map((id) => {
        const [row] = found.get(id) ?? []
        return row && { value: row.value, change: row.previous_value === null ? null : row.value - row.previous_value }
      })
    },
    async quality(queries) {
      const keys = [...new Set(queries.map(({ obj }) => obj.dataset))]
      const found = byKey(
        await rows(
          'quality',
          `SELECT dataset, status FROM (SELECT DISTINCT ON (dataset, metric) dataset, status, evidence FROM dq_result
            WHERE dataset = ANY($1) ORDER BY dataset, metric, id DESC) newest WHERE evidence ->> 'nothing_to_judge' IS NULL`,
          [keys],
        ),
        'dataset',
      )
      const worst = (statuses) => statuses.sort((a, b) => RANK[b.status] - RANK[a.status])[0]?.status ?? 'UNKNOWN'
      return queries.map(({ obj }) => worst(found.get(obj.dataset) ?? []))
    },
  },
}

const app = Fastify()
await app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(port) })
process.on('SIGTERM', () => process.exit(0))
