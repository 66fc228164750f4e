// Runs the reference audits of GraphQL over HTTP against a server and prints every verdict as JSON.
// node audit.mjs URL
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);

// A GET needs a header that no plain link can carry; what the audits themselves send is left as it is.
const fetchFn = (address, options) =>
  fetch(address, { ...options, headers: { ...options?.headers, 'graphql-preflight': '1' } });

const verdicts = [];
for (const { id, name, fn } of serverAudits({ url, fetchFn })) {
  const { status, reason } = await fn();
  const [level] = name.split(' ');
  verdicts.push({ id, level, name, status, reason: reason ?? null });
}
console.log(JSON.stringify(verdicts));
