// The graphql-ws client with its defaults, on a stream that is held: a line for each event, or what ended it.
// node held.mjs ADDRESS QUERY
import { createClient } from 'graphql-ws';

const [address, query] = process.argv.slice(2);
const client = createClient({
  url: `ws://${address}/graphql`,
  retryAttempts: 0,
  on: { closed: (event) => console.log(`closed ${event.code} ${event.reason}`) },
});
client.subscribe(
  { query },
  {
    next: (result) => console.log(result.errors ? JSON.stringify(result.errors) : 'event'),
    error: (error) => console.log(`error ${error.code ?? error}`),
    complete: () => console.log('complete'),
  },
);
