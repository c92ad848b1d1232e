import { graphql } from "./generated";
import type { CustomersQuery } from "./generated/graphql";
import type { Tessera } from "./tessera";

const Customers = graphql(`
  query Customers($after: String) {
    parties(first: 50, after: $after, orderBy: [{ field: NAME }]) {
      nodes {
        id
        code
        name
        salesOrders(first: 3, orderBy: [{ field: DOCUMENT_DATE, direction: DESC }]) {
          nodes { number state grossTotal currency }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const RenameParty = graphql(`
  mutation RenameParty($id: ID!, $version: Int!, $name: String!, $key: String!) {
    partyUpdate(id: $id, version: $version, input: { name: $name }, idempotencyKey: $key) {
      node { id name version }
      userErrors { field message code }
    }
  }
`);

/** Yields every customer, page by page. */
export async function* customers(tessera: Tessera) {
  for (let after: string | null = null, more = true; more; ) {
    const page: CustomersQuery = await tessera.ask(Customers, { after });
    if (!page.parties) return; // who may not view parties got an error instead
    yield* page.parties.nodes;
    ({ endCursor: after = null, hasNextPage: more } = page.parties.pageInfo);
  }
}

/** Renames a party; a copy of the same request, sent because the answer was lost, changes nothing more. */
export async function rename(tessera: Tessera, id: string, version: number, name: string): Promise<string[]> {
  const { partyUpdate } = await tessera.ask(RenameParty, { id, version, name, key: crypto.randomUUID() });
  return (partyUpdate?.userErrors ?? []).map((error) => `${error.code}: ${error.message}`);
}
