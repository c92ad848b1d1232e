// Listens by the client of graphql-sse: address, secret and cursor are arguments; prints one JSON line for whatever happens.
// Where the line breaks the client opens another one, and says by Last-Event-ID how far it has heard.
import { createClient } from "graphql-sse";

const [url, secret, since] = process.argv.slice(2);
const tell = (what) => console.log(JSON.stringify(what));
let heard = null;

const client = createClient({
  url,
  retryAttempts: 50,
  retry: () => new Promise((done) => setTimeout(done, 50)),
  headers: () => ({ Authorization: `Bearer ${secret}`, ...(heard && { "Last-Event-ID": heard }) }),
  on: { connected: () => tell({ connected: true }) },
});

client.subscribe(
  {
    query: "subscription ($since: String) { changed(types: [\"Author\"], since: $since) { type id op cursor } }",
    variables: { since: since || null },
  },
  {
    next: ({ data, errors }) => {
      heard = data?.changed.cursor ?? heard;
      tell(errors ? { errors } : { change: data.changed });
    },
    error: (error) => tell({ failed: String(error.message), status: error.response?.status }),
    complete: () => tell({ complete: true }),
  },
);
