// The graphql-sse client, each operation on a connection of its own.
// node graphql-sse.mjs ADDRESS TOKEN SINCE
import { createClient } from 'graphql-sse';

import { FAULT, FOLLOW, READ, REQUEST, WRONG_REQUEST } from './operations.mjs';

const [address, token, since] = process.argv.slice(2);
const open = (authorization) =>
  createClient({ url: `http://${address}/graphql`, retryAttempts: 0, headers: { authorization } });

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
    return { result: await ask() };
  } catch (error) {
    return { name: error.constructor.name, status: error.response?.status ?? null };
  }
};

const client = open(`Bearer ${token}`);
const answers = {
  query: await once(client, READ),
  fault: await once(client, FAULT),
  invalid: await said(() => once(client, '{ nope }')),
  unparsed: await said(() => once(client, '{')),
  mutation: await once(client, REQUEST, { input: { template: 'market-summary' } }),
  wrongMutation: await once(client, WRONG_REQUEST),
  first: await take(client, { symbols: ['AAA'], since }, 1),
};
answers.rest = await take(client, { symbols: ['AAA'], since: answers.first[0].cursor }, 2);
answers.badCursor = await said(() => once(client, FOLLOW, { since: 'nonsense' }));
answers.refused = await said(() => once(open('Bearer wrong'), READ));
client.dispose();
console.log(JSON.stringify(answers));
