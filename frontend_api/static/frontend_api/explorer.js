// Puts GraphiQL on the page; requests go to this host with the session's cookie.
"use strict";

const place = document.getElementById("explorer");
window.__webpack_nonce__ = place.dataset.nonce; // where the bundled package get-nonce looks

async function fetcher(asked, { headers } = {}) {
  const response = await fetch(place.dataset.endpoint, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-Tessera-Request": "1", ...headers },
    body: JSON.stringify(asked),
  });
  return response.json();
}

const defaultQuery = "{\n  me {\n    member {\n      name\n    }\n    modules\n  }\n}\n";

ReactDOM.createRoot(place).render(React.createElement(GraphiQL, { fetcher, defaultQuery, shouldPersistHeaders: false }));
