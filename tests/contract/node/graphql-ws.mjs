// The graphql-ws client: a query, mutations, errors, and a stream that goes on after a break where it stopped.
// node graphql-ws.mjs ADDRESS TOKEN SINCE
import { createClient } from 'graphql-ws';

import { FAULT, FOLLOW, READ, REQUEST, WRONG_REQUEST } from './operations.mjs';

const [address, token, since] = process.argv.slice(2);
const open = () =>
  createClient({
    url: `ws://${address}/graphql`,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  });

const once = async (client, query, variables) => {
  for await (const result of client.iterate({ query, variables })) return result;
};

const take = async (client, variables, count) => {
  const events = [];
  for await (const { data } of client.iterate({ query: FOLLOW, variables })) {
    events.push(data.observations);
    if (events.length === count) break;
  }
  return events;
};

const said = async (ask) => {
  try {
    await ask();
    return null;
  } catch (error) {
    // A document that cannot run ends in a list of errors, a refused socket in a close event.
    return Array.isArray(error) ? { errors: error } : { code: error.code, reason: error.reason };
  }
};

const client = open();
const answers = {
  query: await once(client, READ),
  fault: await once(client, FAULT),
  invalid: await said(() => once(client, '{ nope }')),
  unparsed: await said(() => once(client, '{')),
  mutation: await once(client, REQUEST, { input: { template: 'market-summary' } }),
  wrongMutation: await once(client, WRONG_REQUEST),
  first: await take(client, { symbols: ['AAA'], since }, 1),
};
await client.dispose();

const again = open();
answers.rest = await take(again, { symbols: ['AAA'], since: answers.first[0].cursor }, 2);
answers.badCursor = await once(again, FOLLOW, { since: 'nonsense' });
await again.dispose();

const stranger = createClient({
  url: `ws://${address}/graphql`,
  retryAttempts: 0,
  connectionParams: { authorization: 'Bearer wrong' },
});
answers.refused = await said(() => once(stranger, READ));
console.log(JSON.stringify(answers));
