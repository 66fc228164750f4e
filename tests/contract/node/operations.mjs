// What every client here asks.
export const READ = 'query Read { viewer { role } series(symbol: "AAA") { points { value count } } }';
// One field fails, the other is answered.
export const FAULT = 'query Fault { series(symbol: "NOPE") { id } viewer { role } }';
export const REQUEST = `mutation Request($input: RequestReportInput!) { requestReport(input: $input) {
  __typename ... on ReportRun { runId state } ... on InvalidParameters { problems { path message } }
  ... on UnknownTemplate { template known } } }`;
// Expected failures are answers, not errors.
export const WRONG_REQUEST = `mutation Wrong { requestReport(input: { template: "no-such-template" }) {
  __typename ... on UnknownTemplate { template known } } }`;
export const FOLLOW = `subscription Follow($symbols: [String!], $since: String) {
  observations(symbols: $symbols, since: $since) { cursor symbol points { asOf value count } } }`;
