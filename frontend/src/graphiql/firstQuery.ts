// What the editor shows to somebody who comes for the first time: operations that answer on every system.

export const FIRST_QUERY = `# Ctrl-Enter runs the operation under the cursor.
# Ctrl-Space completes a name.
# The book on the left describes every type and field.
# A token goes into the tab "Headers":
#   { "authorization": "Bearer mkt_..." }

query Series {
  series(symbol: "EURUSD", maxPoints: 250) {
    unit { name }
    latest { asOf value change }
    points { asOf value }
  }
}

subscription Live {
  observations(symbols: ["SIM.ALPHA"]) {
    cursor
    symbol
    points { asOf value flags }
  }
}
`;
