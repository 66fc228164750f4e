// @urql/core as a page would use it: queries over GET and POST, mutations, and subscriptions through graphql-ws.
// node urql.mjs ADDRESS TOKEN SINCE
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';

import { FAULT, FOLLOW, READ, REQUEST, WRONG_REQUEST } from './operations.mjs';

const [address, token, since] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const socket = createClient({
  url: `ws://${address}/graphql`,
  retryAttempts: 0,
  connectionParams: { authorization },
});
const client = new Client({
  url: `http://${address}/graphql`,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
      }),
    }),
  ],
});

const plain = ({ data, error }) => ({
  data: data ?? null,
  network: error?.networkError?.message ?? null,
  status: error?.response?.status ?? null,
  errors: error?.graphQLErrors.map(({ message, path, extensions }) => ({ message, path, extensions })) ?? [],
});

const take = (variables, count) =>
  new Promise((resolve, reject) => {
    const events = [];
    const { unsubscribe } = client.subscription(FOLLOW, variables).subscribe(({ data, error }) => {
      if (error) return reject(error);
      // More may have come in the same packet, before the subscription ends.
      if (events.length === count) return undefined;
      events.push(data.observations);
      if (events.length < count) return undefined;
      queueMicrotask(() => unsubscribe());
      return resolve(events);
    });
  });

const byGet = {
  preferGetMethod: 'force',
  fetchOptions: { headers: { authorization, 'graphql-preflight': '1' } },
};
const stranger = { fetchOptions: { headers: { authorization: 'Bearer wrong' } } };
const answers = {
  query: plain(await client.query(READ, {})),
  queryByGet: plain(await client.query(READ, {}, byGet)),
  fault: plain(await client.query(FAULT, {})),
  invalid: plain(await client.query('{ nope }', {})),
  mutation: plain(await client.mutation(REQUEST, { input: { template: 'market-summary' } })),
  wrongMutation: plain(await client.mutation(WRONG_REQUEST, {})),
  refused: plain(await client.query(READ, {}, stranger)),
  first: await take({ symbols: ['AAA'], since }, 1),
};
answers.rest = await take({ symbols: ['AAA'], since: answers.first[0].cursor }, 2);
await socket.dispose();
console.log(JSON.stringify(answers));
